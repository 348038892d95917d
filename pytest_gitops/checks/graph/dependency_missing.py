"""What something depends on is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex, is_unknown
from pytest_gitops.checks.graph._dependencies import Dependency, all_dependencies
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.spelling import misspelt
from pytest_gitops.model import Severity


@rule(
    "dependency-missing",
    check="graph",
    set="essential",
    severity="error",
    scope=Scope.CLUSTER,
    description="Every entry of `dependsOn` names a Kustomization (or, in a HelmRelease, a HelmRelease) that the "
    "cluster "
    "has. One that is missing is waited for without end.",
    remedy="Correct the name or namespace of the `dependsOn` entry, or remove it.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: infrastructure, namespace: flux-system}
spec: {interval: 1h, prune: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true, dependsOn: [{name: infrastructure}]}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true, dependsOn: [{name: infrastructure}]}
""",
        """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {interval: 1h, dependsOn: [{name: redis, namespace: databases}]}
""",
    ],
)
def dependency_missing(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield a violation for each dependency that the cluster doesn't have."""
    for dependency, known in all_dependencies(cluster):
        if dependency.target not in known:
            yield _missing(cluster, dependency, sorted(known))


def _missing(cluster: ClusterIndex, dependency: Dependency, known: list[str]) -> Violation:
    message = (
        f"{dependency.kind} {dependency.dependent} depends on {dependency.target}, which the cluster does not have"
    )
    if is_unknown(dependency.target):
        return Violation(
            message + " under that name, as the name is not in Git",
            dependency.path,
            dependency.subject,
            severity=Severity.INFO,
        )
    if parts := cluster.unknown(dependency.kind, dependency.namespace):
        unknown = f"{message}: unknown, as {parts[0]} may hold it"
        severity = Severity.WARNING if misspelt(dependency.target, known) else Severity.INFO
        remedy = _remedy(dependency, known)
        return Violation(unknown, dependency.path, dependency.subject, remedy=remedy, severity=severity)
    return Violation(message, dependency.path, dependency.subject, remedy=_remedy(dependency, known))


def _remedy(dependency: Dependency, known: list[str]) -> str | None:
    if elsewhere := [name for name in known if name.partition("/")[2] == dependency.name]:
        namespaces = " or ".join(name.partition("/")[0] for name in elsewhere)
        return f"It is in the namespace {namespaces}: write `namespace: {namespaces}` into the `dependsOn` entry."
    similar = misspelt(dependency.target, known)
    return f"Did you mean {similar}?" if similar else None
