"""Flux applies with no more rights than before."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.objects import scalar
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import named


@rule(
    "review-impersonation-removed",
    check="review",
    set="essential",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="A Kustomization or HelmRelease that applies as a service account keeps doing so. Without "
    "`serviceAccountName` Flux applies with its own rights, which are cluster-admin's, unless its controllers were "
    "started with `--default-service-account`.",
    remedy="Keep `spec.serviceAccountName`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#role-based-access-control",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: tenant, namespace: tenant}
spec: {serviceAccountName: tenant}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: tenant, namespace: tenant}
spec: {serviceAccountName: other}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: tenant, namespace: tenant}
spec: {serviceAccountName: tenant}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: tenant, namespace: tenant}
""",
    ],
)
def impersonation_removed(pair: PartPair, _: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a part that loses its service account."""
    if pair.before is None or pair.after is None:
        return
    before = scalar(pair.before.spec, "serviceAccountName")
    if before and not scalar(pair.after.spec, "serviceAccountName"):
        message = f"{named(pair.after)} no longer applies as the service account {before}, but with Flux's own rights"
        yield Violation(message, ("spec", "serviceAccountName"), pair.after)
