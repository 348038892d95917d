"""The live clusters that a run's tests share: each is started once, and put back to the working tree between tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.provider import Provider, Wish
from pytest_gitops.live.scenario import LiveCluster, NotAsExpectedError, followed
from pytest_gitops.model import Cluster, Moment

# For a whole cluster to become Ready; a single step of a scenario has less.
SECONDS = 300.0


class LiveClusters:
    """Starts a live cluster for a cluster of the fleet when it is first asked for, and keeps it for later tests."""

    def __init__(self, provider: Provider, root: Path, told: Callable[[str, Moment], None] | None = None) -> None:
        self._provider = provider
        self._root = root
        self._told = told
        self._running: dict[str, LiveCluster] = {}

    def get(self, cluster: Cluster) -> LiveCluster:
        """Return a live cluster that follows the working tree, everything in it Ready.

        Raises LiveError where none can be had, and NotAsExpectedError where something doesn't become Ready.
        """
        live = self._running.get(cluster.name)
        if live is not None:
            try:
                live.reset(seconds=SECONDS)
            except (LiveError, NotAsExpectedError):
                # What a test has left behind can't be mended: the next one starts from nothing.
                self._running.pop(cluster.name).close()
            else:
                return live
        live = self._running[cluster.name] = self._start(cluster)
        live.wait_ready(seconds=SECONDS)
        return live

    def close(self) -> None:
        """End all clusters; may be called twice."""
        while self._running:
            self._running.popitem()[1].close()

    def _start(self, cluster: Cluster) -> LiveCluster:
        told, name = self._told, cluster.name
        running = self._provider.start(Wish(name, workloads=True, flux=True, cluster=cluster))
        return followed(running, cluster, self._root, told=None if told is None else lambda moment: told(name, moment))
