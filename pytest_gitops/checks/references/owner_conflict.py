"""Every object has one owner."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex, Owned
from pytest_gitops.checks.rule import Scope, Violation, rule


@rule(
    "owner-conflict",
    check="references",
    set="essential",
    severity="error",
    scope=Scope.CLUSTER,
    description="No two Kustomizations of a cluster apply the same object: each would undo what the other does "
    "at every "
    "reconciliation, and pruning by one deletes what the other wants.",
    remedy="Keep the object in one Kustomization; or annotate it with `kustomize.toolkit.fluxcd.io/ssa: "
    "IfNotPresent` in one of "
    "them.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: default, labels: {kustomize.toolkit.fluxcd.io/name: a}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: two, namespace: default}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: default, labels: {kustomize.toolkit.fluxcd.io/name: a}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: default}
"""
    ],
)
def owner_conflict(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield a violation for each object that several Kustomizations apply, at its second occurrence."""
    for target in cluster.targets.values():
        for owners in _contended(target):
            second = owners[1]
            names = " and ".join(owned.kustomization.name for owned in owners)
            yield Violation(f"{second.resource.id} is applied by {names}", ("metadata", "name"), second.resource)


def _contended(cluster: ClusterIndex) -> Iterator[list[Owned]]:
    for owned in cluster.resources:
        owners = cluster.owners(owned.resource.id)
        if len(owners) > 1 and owners[0] is owned and not any(map(_yields, owners)):
            yield owners


def _yields(owned: Owned) -> bool:
    """Flux leaves an object alone that exists, is not to be applied, or is merged, if the object asks for that."""
    return owned.resource.annotations.get("kustomize.toolkit.fluxcd.io/ssa", "").lower() in (
        "ifnotpresent",
        "ignore",
        "merge",
    )
