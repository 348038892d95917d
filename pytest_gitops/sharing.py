"""Hands the fleet from pytest-xdist's controller to its workers, so that a session renders once."""

from __future__ import annotations

import pickle
import shutil
import tempfile
from pathlib import Path
from typing import Any, Protocol

import pytest

from pytest_gitops.model import Fleet
from pytest_gitops.session import SESSION

_KEY = "gitops_fleet"
_SHARED = pytest.StashKey[Path]()


class WorkerNode(Protocol):
    """The part of xdist's WorkerController that is used here."""

    config: pytest.Config
    workerinput: dict[str, Any]


def hand_over(node: WorkerNode) -> None:
    """Tell a worker that is about to start where the fleet lies.

    It lies in a directory that only this user can enter, and that goes when the session ends.
    """
    config = node.config
    if _SHARED not in config.stash:
        config.stash[_SHARED] = _write(config)
    node.workerinput[_KEY] = str(config.stash[_SHARED])


def received(config: pytest.Config) -> Fleet | None:
    """Return the fleet that the controller handed over.

    None where this is no worker, or one on another machine, which has to load its own.
    """
    path = getattr(config, "workerinput", {}).get(_KEY)
    if path is None or not Path(path).is_file():
        return None
    fleet: Fleet = pickle.loads(Path(path).read_bytes())  # noqa: S301 (the controller's own directory)
    return fleet


def _write(config: pytest.Config) -> Path:
    directory = tempfile.mkdtemp(prefix="pytest-gitops-")
    config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    path = Path(directory) / "fleet.pickle"
    with path.open("wb") as file:
        pickle.dump(config.stash[SESSION].fleet, file, protocol=pickle.HIGHEST_PROTOCOL)
    return path
