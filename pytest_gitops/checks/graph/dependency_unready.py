"""A dependency is Ready when what it applies is."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.graph._dependencies import all_dependencies, name_of
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Kustomization

# Kinds that take time to become Ready, and for which waiting makes a difference.
_STARTING = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "Pod",
    "HelmRelease",
    "Kustomization",
    "CustomResourceDefinition",
)


@rule(
    "dependency-unready",
    check="graph",
    set="recommended",
    severity="warning",
    scope=Scope.CLUSTER,
    description="A Kustomization that others depend on says when it is Ready: by `wait` or `healthChecks`. "
    "Without them it is "
    "Ready as soon as its objects are applied, while its workloads may still be starting, or failing.",
    remedy="Set `spec.wait: true` on the dependency, or list `healthChecks` there.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#wait",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {interval: 1h, prune: true, wait: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
spec: {interval: 1h, prune: true, dependsOn: [{name: a}]}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {interval: 1h, prune: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
spec: {interval: 1h, prune: true, dependsOn: [{name: a}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: web, labels: {kustomize.toolkit.fluxcd.io/name: a}}
""",
    ],
)
def dependency_unready(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield one violation for each Kustomization whose being Ready means nothing to those that depend on it."""
    dependents: dict[str, list[str]] = {}
    for dependency, known in all_dependencies(cluster):
        target = known.get(dependency.target)
        if (
            isinstance(target, Kustomization)
            and not _is_awaited(target)
            and not dependency.subject.spec.get("readyExpr")
        ):
            dependents.setdefault(dependency.target, []).append(name_of(dependency.subject))
    for name, users in sorted(dependents.items()):
        target = cluster.cluster[name]
        more = f" and {len(users) - 1} more depend" if len(users) > 1 else " depends"
        message = (
            f"Kustomization {users[0]}{more} on {name}, which neither waits for its objects nor checks their health"
        )
        yield Violation(message, ("spec", "wait"), target)


def _is_awaited(target: Kustomization) -> bool:
    if target.spec.get("wait") is True or target.spec.get("healthChecks"):
        return True
    return target.rendered is None or not any(resource.kind in _STARTING for resource in target.rendered)
