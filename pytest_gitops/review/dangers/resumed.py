"""A resume applies all that piled up."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import counted, named


@rule(
    "review-resumed",
    check="review",
    set="recommended",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="A Kustomization or HelmRelease that is resumed applies everything that changed since it was "
    "suspended, not only what this change says, and deletes what left Git in the meantime. How long that was, a "
    "review of two revisions doesn't tell.",
    remedy="Compare with the revision that was applied last: `flux diff kustomization`, or `--gitops-base` with that "
    "revision (`status.lastAppliedRevision`).",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#suspend",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {suspend: true}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {suspend: true, interval: 1h}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {suspend: true}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {suspend: false}
""",
    ],
)
def resumed(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a part that is no longer suspended."""
    if pair.before is None or pair.after is None or not pair.before.suspended or pair.after.suspended:
        return
    objects, here = pair.after.rendered, sum(1 for _ in cluster.of(pair))
    held = f" It has {counted(len(objects), 'object')}, {here or 'none'} of them changed here" if objects else ""
    message = f"{named(pair.after)} is resumed, and applies all that changed since it was suspended.{held}"
    yield Violation(message, ("spec", "suspend"), pair.after)
