"""The live clusters of one pytest run."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_gitops.live.keeping import LiveClusters
from pytest_gitops.live.providers import provider
from pytest_gitops.live.telling import live_progress
from pytest_gitops.settings import SETTINGS

_CLUSTERS = pytest.StashKey[LiveClusters]()


def clusters_of(config: pytest.Config, root: Path) -> LiveClusters:
    """Return the run's live clusters; they end with it. Raises LiveError where the provider can't be used."""
    if _CLUSTERS not in config.stash:
        made_by = provider(config.stash[SETTINGS].live)
        config.stash[_CLUSTERS] = LiveClusters(made_by, root, live_progress(config))
        config.add_cleanup(config.stash[_CLUSTERS].close)
    return config.stash[_CLUSTERS]
