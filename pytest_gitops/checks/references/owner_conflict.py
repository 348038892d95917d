"""Every object has one owner."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.contention import contended
from pytest_gitops.checks.context import ClusterIndex, Owned
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import HelmRelease, Severity

# What charts bring along though others may have it.
_SHARED = ("CustomResourceDefinition", "Namespace")


@rule(
    "owner-conflict",
    check="references",
    set="essential",
    severity="error",
    scope=Scope.CLUSTER,
    description="No two Kustomizations of a cluster apply the same object: each would undo what the other does "
    "at every "
    "reconciliation, and pruning by one deletes what the other wants. Nor do two HelmReleases, or one of each: Helm "
    "takes over what is there, and uninstalling one deletes what the other wants. Of a CustomResourceDefinition or "
    "Namespace "
    "that a chart brings, which several often do, it is a warning.",
    remedy="Keep the object in one place; of two Kustomizations, one may annotate it with "
    "`kustomize.toolkit.fluxcd.io/ssa: IfNotPresent`.",
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
""",
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
metadata: {name: one, namespace: default, annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}}
""",
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
    """Yield a violation for each object that several parts apply, at its second occurrence."""
    for target in cluster.targets.values():
        for owners in contended(target):
            second = owners[1]
            names = " and ".join(dict.fromkeys(owned.owner.name for owned in owners))
            severity = Severity.WARNING if second.resource.kind in _SHARED and _by_charts(owners) else None
            message = f"{second.resource.id} is applied by {names}"
            yield Violation(message, ("metadata", "name"), second.resource, severity=severity)


def _by_charts(owners: list[Owned]) -> bool:
    return any(isinstance(owned.owner, HelmRelease) for owned in owners)
