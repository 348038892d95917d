"""Hands fleet and results from pytest-xdist's controller to its workers, so that a session renders and judges once."""

from __future__ import annotations

import pickle
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from pytest_gitops.session import SESSION, GitopsSession

_KEY = "gitops_fleet"
_SHARED = pytest.StashKey[Path | None]()


class WorkerNode(Protocol):
    """The part of xdist's WorkerController that is used here."""

    config: pytest.Config
    workerinput: dict[str, Any]


def hand_over(node: WorkerNode) -> None:
    """Tell a worker that is about to start where the fleet and its results lie.

    They lie in a directory that only this user can enter, and that goes when the session ends. Where it can't be
    written (a full disk), the worker makes its own.
    """
    config = node.config
    if _SHARED not in config.stash:
        session = config.stash[SESSION]
        config.stash[_SHARED] = _write(config, _all(session))
    if config.stash[_SHARED] is not None:
        node.workerinput[_KEY] = str(config.stash[_SHARED])


def received(config: pytest.Config, what: str) -> Any:
    """Return the ``fleet`` or the ``results`` that the controller handed over.

    None where this is no worker, or one that has to make its own: nothing was handed over, or on another machine.
    """
    directory = getattr(config, "workerinput", {}).get(_KEY)
    if directory is None:
        return None
    path = Path(directory) / f"{what}.pickle"
    return pickle.loads(path.read_bytes()) if path.is_file() else None  # noqa: S301 (the controller's own directory)


def _all(session: GitopsSession) -> dict[str, object]:
    return {"fleet": session.fleet, "results": session.results, "review": session.review}


def is_served(config: pytest.Config) -> bool:
    """Return whether this is a worker that a controller has handed something over to."""
    return _KEY in getattr(config, "workerinput", {})


def _write(config: pytest.Config, values: Mapping[str, object]) -> Path | None:
    try:
        directory = Path(tempfile.mkdtemp(prefix="pytest-gitops-"))
        config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
        for name, value in values.items():
            with (directory / f"{name}.pickle").open("wb") as file:
                pickle.dump(value, file, protocol=pickle.HIGHEST_PROTOCOL)
    except OSError:
        return None
    return directory
