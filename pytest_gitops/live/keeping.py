"""The live clusters that a run's tests share: each is started once, and put back to the working tree between tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.provider import Provider
from pytest_gitops.live.scenario import LiveCluster, NotAsExpectedError, started
from pytest_gitops.live.settling import settle
from pytest_gitops.model import Cluster, Moment

# For a whole cluster to become Ready; a single step of a scenario has less.
SECONDS = 300.0
# For what else there is once all Kustomizations have come to an end.
LAST_SECONDS = 30.0


class LiveClusters:
    """Starts a live cluster for a cluster of the fleet when it is first asked for, and keeps it for later tests."""

    def __init__(self, provider: Provider, root: Path, told: Callable[[str, Moment], None] | None = None) -> None:
        self._provider = provider
        self._root = root
        self._told = told
        self._running: dict[str, LiveCluster] = {}
        self._unready: dict[str, str] = {}

    def get(self, cluster: Cluster) -> LiveCluster:
        """Return a live cluster that follows the working tree, everything in it Ready.

        Raises LiveError where none can be had, and NotAsExpectedError where something doesn't become Ready: for the
        tests that come later too, without trying again.
        """
        if cluster.name in self._unready:
            raise NotAsExpectedError(self._unready[cluster.name])
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
        parents = {k.name: k.parent for k in cluster.kustomizations if k.rendered is not None and not k.suspended}
        settle(live, parents, SECONDS)
        try:
            live.wait_ready(seconds=LAST_SECONDS)
        except NotAsExpectedError as error:
            self._unready[cluster.name] = str(error)
            self._running.pop(cluster.name).close()
            raise
        return live

    def close(self) -> None:
        """End all clusters; may be called twice."""
        while self._running:
            self._running.popitem()[1].close()

    def _start(self, cluster: Cluster) -> LiveCluster:
        return started(self._provider, cluster, self._root, self._told)
