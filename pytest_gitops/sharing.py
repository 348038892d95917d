"""Hands fleet and results from pytest-xdist's controller to its workers, so that a session renders and judges once."""

from __future__ import annotations

import hashlib
import pickle
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from pytest_gitops.hiding import Hiding
from pytest_gitops.session import SESSION, GitopsSession

_KEY = "gitops_fleet"
_SEALED = "gitops_seal"
_SEAL = pytest.StashKey[bytes]()
_SHARED = pytest.StashKey[Path | None]()


class WorkerNode(Protocol):
    """The part of xdist's WorkerController that is used here."""

    config: pytest.Config
    workerinput: dict[str, Any]


def hand_over(node: WorkerNode) -> None:
    """Tell a worker that is about to start where the fleet and its results lie.

    They lie in a directory that only this user can enter, and that goes when the session ends. Where they hold
    something that was decrypted they are sealed: the key goes to the worker through its pipe. Where they can't be
    written (a full disk), the worker makes its own.
    """
    config = node.config
    if _SHARED not in config.stash:
        session = config.stash[SESSION]
        config.stash[_SEAL] = secrets.token_bytes(32) if Hiding.of(session.fleet) else b""
        config.stash[_SHARED] = _write(config, _all(session), config.stash[_SEAL])
    if config.stash[_SHARED] is not None:
        node.workerinput[_KEY] = str(config.stash[_SHARED])
        node.workerinput[_SEALED] = config.stash[_SEAL].hex()


def received(config: pytest.Config, what: str) -> Any:
    """Return the ``fleet`` or the ``results`` that the controller handed over.

    None where this is no worker, or one that has to make its own: nothing was handed over, or on another machine.
    """
    directory = getattr(config, "workerinput", {}).get(_KEY)
    if directory is None:
        return None
    path = Path(directory) / f"{what}.pickle"
    if not path.is_file():
        return None
    key = bytes.fromhex(getattr(config, "workerinput", {}).get(_SEALED, ""))
    return pickle.loads(_sealed(path.read_bytes(), key, what))  # noqa: S301 (the controller's own directory)


def _all(session: GitopsSession) -> dict[str, object]:
    return {
        "fleet": session.fleet,
        "results": session.results,
        "review": session.review,
        "affected": session.affected,
    }


def is_served(config: pytest.Config) -> bool:
    """Return whether this is a worker that a controller has handed something over to."""
    return _KEY in getattr(config, "workerinput", {})


def _sealed(data: bytes, key: bytes, name: str) -> bytes:
    """Seal what is open and open what is sealed: each key is for one run, and each name's stream is used once."""
    if not key:
        return data
    stream = hashlib.shake_256(key + name.encode()).digest(len(data))
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")


def _write(config: pytest.Config, values: Mapping[str, object], key: bytes) -> Path | None:
    try:
        directory = Path(tempfile.mkdtemp(prefix="pytest-gitops-"))
        config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
        for name, value in values.items():
            data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
            (directory / f"{name}.pickle").write_bytes(_sealed(data, key, name))
    except OSError:
        return None
    return directory
