"""Pruning is switched on or off."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.pruning import prunes
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Kustomization, Severity
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import named
from pytest_gitops.review.fates import is_orphaning

_POLICY = "Nothing, if this is meant."


@rule(
    "review-prune-switched",
    check="review",
    set="recommended",
    severity="info",
    scope=Scope.PART_CHANGE,
    description="Whether a Kustomization deletes what leaves Git changes. Switched on, it deletes what leaves from "
    "this change on: what left before is in no inventory, and stays. Switched off, nothing is deleted any more, nor "
    "with the Kustomization itself unless `deletionPolicy` says so.",
    remedy="Look for objects with the Kustomization's labels that Git no longer has: `flux tree kustomization` does "
    "not show them.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {prune: true}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {prune: true, force: true}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {prune: true}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {prune: false}
""",
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {deletionPolicy: Orphan}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {deletionPolicy: Delete}
""",
    ],
)
def prune_switched(pair: PartPair, _: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a Kustomization that comes to prune, or to prune no longer."""
    before, after = pair.before, pair.after
    if (
        not isinstance(before, Kustomization)
        or not isinstance(after, Kustomization)
        or before.implicit
        or after.implicit
    ):
        return
    if prunes(before) != prunes(after):
        said = "deletes what leaves Git from now on; what left before, it doesn't know"
        if not prunes(after):
            said = "leaves in the cluster what leaves Git from now on"
        severity = None if prunes(after) else Severity.WARNING
        yield Violation(f"{named(after)} {said}", ("spec", "prune"), after, severity=severity)
    elif not after.suspended and not before.suspended and is_orphaning(before) != is_orphaning(after):
        said = "would leave its objects in the cluster" if is_orphaning(after) else "would delete its objects"
        message = f"{named(after)} {said} if it were deleted"
        yield Violation(message, ("spec", "deletionPolicy"), after, remedy=_POLICY)
