"""What a part takes its variables or values from stays."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Kustomization
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import ids, listed, named
from pytest_gitops.review.needing import lost


@rule(
    "review-values-removed",
    check="review",
    set="essential",
    severity="error",
    scope=Scope.PART_CHANGE,
    description="A change doesn't delete a ConfigMap or Secret that a Kustomization substitutes from "
    "(`postBuild.substituteFrom`) or a HelmRelease has values from (`valuesFrom`), unless it is optional there: the "
    "controller then fails before it renders anything, and the cluster keeps what it has.",
    remedy="Keep it, or take the reference away in the same change.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {postBuild: {substituteFrom: [{kind: ConfigMap, name: vars, optional: true}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: vars, namespace: flux-system}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {postBuild: {substituteFrom: [{kind: ConfigMap, name: vars, optional: true}]}}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: vars, namespace: flux-system}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}}
""",
    ],
)
def values_removed(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a part that loses what its variables or values come from."""
    part = pair.after
    if part is None or part.suspended or cluster.head is None:
        return
    if gone := lost(part, cluster):
        where = ("spec", "postBuild", "substituteFrom") if isinstance(part, Kustomization) else ("spec", "valuesFrom")
        what = "variables" if isinstance(part, Kustomization) else "values"
        message = f"{named(part)} fails and applies nothing: its {what} are from {listed(ids(gone))}, which is deleted"
        yield Violation(message, where, part)
