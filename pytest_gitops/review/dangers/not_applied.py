"""A change reaches the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.fates import unapplied

_METADATA = ("metadata",)


@rule(
    "review-not-applied",
    check="review",
    set="recommended",
    severity="warning",
    scope="change",
    description="What changes in Git changes in the cluster: kustomize-controller applies no object that is annotated "
    "with `kustomize.toolkit.fluxcd.io/reconcile: disabled` or `ssa: Ignore`, and none that is there and annotated "
    "with `ssa: IfNotPresent`.",
    remedy="Take the annotation away in the same change, or make the change in the cluster by hand.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources",
    passing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}}
data: {a: one}
# after the change
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps}
data: {a: two}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}}
data: {a: one}
# after the change
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}}
data: {a: two}
""",
    ],
)
def not_applied(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a change that an annotation holds back."""
    why = unapplied(change)
    if why is None or change.after is None or change.after.part.suspended or cluster.base is None:
        return
    path = next((path for path in change.fields if path[:1] != _METADATA), None)
    if path is not None or change.before is None:
        what = "is not made in the cluster" if change.before is None else "stays as it is in the cluster"
        yield Violation(f"{change.id} {what}, as it is annotated with {why}", path or ("metadata", "annotations"))
