"""A cluster that Git no longer has."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Location
from pytest_gitops.review.comparison import ClusterComparison
from pytest_gitops.review.dangers._telling import counted


@rule(
    "review-cluster-removed",
    check="review",
    set="recommended",
    severity="warning",
    scope=Scope.CLUSTER_CHANGE,
    description="A cluster whose directory leaves Git deletes nothing: its Flux no longer finds the path it was "
    "bootstrapped with, says so, and keeps all it has, without anybody managing it.",
    remedy="Empty the cluster first, by removing what it applies in a change before; or uninstall Flux from it, or "
    "point it elsewhere.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#path",
    passing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps}
# after the change
apiVersion: v1
kind: ConfigMap
metadata: {name: other, namespace: apps}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps}
# after the change
# no cluster
""",
    ],
)
def cluster_removed(_: ClusterComparison, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a cluster that base has and head doesn't."""
    if cluster.base is None or cluster.head is not None:
        return
    held = sum(1 for _ in cluster.base.cluster.resources)
    entry = cluster.base.cluster.entry or "."
    message = f"Cluster {cluster.name} leaves Git: its Flux finds no {entry} and keeps its {counted(held, 'object')}"
    if _is_there(entry, cluster):
        message = f"Cluster {cluster.name} is not found any more, though {entry} is there: nothing is known of it"
    yield Violation(message, location=Location(cluster.base.cluster.file, 1))


def _is_there(entry: str, cluster: ClusterComparison) -> bool:
    paths = cluster.fleet.files.paths if cluster.fleet else ()
    return any(entry == "." or path.startswith(f"{entry}/") for path in paths)
