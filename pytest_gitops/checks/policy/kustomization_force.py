"""Objects are not deleted and made anew to get a change in."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Kustomization


@rule(
    "kustomization-force",
    set="recommended",
    severity="warning",
    scope=Scope.KUSTOMIZATION,
    description="`force` is off: with it, a change of an immutable field deletes the object and makes it anew, "
    "volumes and running workloads included.",
    remedy="Remove `spec.force`, and annotate the single object that needs it with "
    "`kustomize.toolkit.fluxcd.io/force: enabled`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#force",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true, force: false}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true, force: true}
"""
    ],
)
def kustomization_force(kustomization: Kustomization) -> Iterator[Violation]:
    """Yield a violation where force is on."""
    if kustomization.spec.get("force") is True:
        yield Violation(f"Kustomization {kustomization.name} replaces objects by force", ("spec", "force"))
