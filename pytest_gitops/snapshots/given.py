"""What the fixture ``gitops_snapshot`` compares with: the session's extension for the user's own tests."""

from __future__ import annotations

import pytest

from pytest_gitops.redaction import Redactor
from pytest_gitops.session import SESSION
from pytest_gitops.snapshots.extension import ManifestExtension
from pytest_gitops.snapshots.manifest import Normaliser
from pytest_gitops.snapshots.options import SnapshotOptions
from pytest_gitops.snapshots.session import SNAPSHOTS, Snapshots

_EXTENSION = pytest.StashKey[type[ManifestExtension]]()


def extension(config: pytest.Config) -> type[ManifestExtension]:
    """Return the extension with what the repository's configuration leaves out, and what is secret in the fleet.

    It is the class for everybody else as well: pytest-xdist's controller imports it by its name.
    """
    if _EXTENSION not in config.stash:
        members = {"__module__": ManifestExtension.__module__, "__qualname__": ManifestExtension.__qualname__}
        config.stash[_EXTENSION] = type(ManifestExtension.__name__, (ManifestExtension,), members | _state(config))
    return config.stash[_EXTENSION]


def _state(config: pytest.Config) -> dict[str, object]:
    if SESSION not in config.stash:
        return {"normaliser": Normaliser(SnapshotOptions(), Redactor.from_environment())}
    if SNAPSHOTS not in config.stash:
        config.stash[SNAPSHOTS] = Snapshots(config, config.stash[SESSION])
    snapshots = config.stash[SNAPSHOTS]
    return {"normaliser": snapshots.normaliser, "secrecy": snapshots.secrets_of_all()}
