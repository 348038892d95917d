"""What something depends on is not suspended."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.graph._dependencies import all_dependencies
from pytest_gitops.checks.rule import Scope, Violation, rule


@rule(
    "dependency-suspended",
    check="graph",
    set="recommended",
    severity="warning",
    scope=Scope.CLUSTER,
    description="Nothing that is active depends on something suspended: in a new cluster the dependency would "
    "never become "
    "Ready, and in a running one its state says nothing of what is in Git.",
    remedy="Resume the dependency (remove `spec.suspend`), suspend the dependent as well, or remove the "
    "`dependsOn` entry.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#suspend",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {interval: 1h, prune: true, suspend: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
spec: {interval: 1h, prune: true, suspend: true, dependsOn: [{name: a}]}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {interval: 1h, prune: true, suspend: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
spec: {interval: 1h, prune: true, dependsOn: [{name: a}]}
"""
    ],
)
def dependency_suspended(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield a violation for each active object that depends on a suspended one."""
    for dependency, known in all_dependencies(cluster):
        target = known.get(dependency.target)
        if (
            target is not None
            and target.spec.get("suspend") is True
            and dependency.subject.spec.get("suspend") is not True
        ):
            message = f"{dependency.kind} {dependency.dependent} depends on {dependency.target}, which is suspended"
            yield Violation(message, dependency.path, dependency.subject)
