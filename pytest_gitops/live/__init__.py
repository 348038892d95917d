"""Real API servers and real Flux controllers to try a repository on: what only they can tell."""

from pytest_gitops.live.scenario import LiveCluster, NotAsExpectedError
from pytest_gitops.model import Moment

__all__ = ["LiveCluster", "Moment", "NotAsExpectedError"]
