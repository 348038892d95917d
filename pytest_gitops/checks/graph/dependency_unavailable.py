"""What something depends on could be looked at."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.graph._dependencies import all_dependencies
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Kustomization, Skipped


@rule(
    "dependency-unavailable",
    check="graph",
    set="recommended",
    severity="info",
    scope=Scope.CLUSTER,
    description="A dependency whose source is not available here was not rendered: whether it becomes Ready is "
    "not known.",
    remedy="Give a local directory for the source of the dependency.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies",
    passing=[
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
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {interval: 1h, prune: true, sourceRef: {kind: ExternalArtifact, name: a}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
spec: {interval: 1h, prune: true, dependsOn: [{name: a}]}
""",
    ],
)
def dependency_unavailable(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield an info for each dependency that was not rendered."""
    for dependency, known in all_dependencies(cluster):
        target = known.get(dependency.target)
        if isinstance(target, Kustomization) and isinstance(target.outcome, Skipped):
            message = (
                f"Kustomization {dependency.dependent} depends on {dependency.target}, which was not rendered: "
                f"{target.outcome.reason}"
            )
            yield Violation(message, dependency.path, dependency.subject)
