"""By force, an object that is refused is gone."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.fates import unapplied


@rule(
    "review-forced-deletion",
    check="review",
    set="essential",
    severity="error",
    scope="change",
    description="With `force`, kustomize-controller deletes an object whenever the API server calls its new form "
    "invalid, for whatever reason, and then tries to make it anew. An object that is invalid as such is not made "
    "again: the cluster has lost it.",
    remedy="Correct the object; and use `kustomize.toolkit.fluxcd.io/force: enabled` for single objects, only as long "
    "as it is needed.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#force",
    passing=[
        """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/force: enabled}}
spec: {ports: [{port: 80}]}
# after the change
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/force: enabled}}
spec: {ports: [{port: 81}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/force: enabled}}
spec: {ports: [{port: 80}]}
# after the change
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/force: enabled}}
spec: {ports: [{port: 80000}]}
""",
    ],
)
def forced_deletion(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for an object that force deletes and that can't be made anew."""
    if change.after is None or change.after.part.suspended or unapplied(change, cluster):
        return
    refusal = next((found for found in cluster.refusals.get(change, ()) if found.invalid), None)
    if refusal is not None:
        message = f"{change.id} is deleted by force and can't be made anew: {refusal.message}"
        yield Violation(message, refusal.path)
