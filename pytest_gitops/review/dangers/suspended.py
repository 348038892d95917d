"""A change that waits for a resume."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import ResourceSet, Severity
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import counted, ids, listed, named
from pytest_gitops.review.model import Action

_WHERE = ("spec", "suspend")
_ANNOTATION = ("metadata", "annotations", "fluxcd.controlplane.io/reconcile")


@rule(
    "review-suspended",
    check="review",
    set="recommended",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="Nothing changes below a Kustomization or HelmRelease that is suspended: the cluster keeps what it has "
    "until it is resumed. Where the change itself suspends it, what else it changes may still be applied: the part and "
    "its parent get the new revision at the same time.",
    remedy="Resume it with the change, or keep in mind that the change comes later.",
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
spec: {suspend: true}
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
spec: {suspend: true}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
""",
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {suspend: true}
""",
    ],
)
def suspended(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for changes below a suspended part, and for a part that comes to be suspended."""
    after = pair.after
    if after is None or not after.suspended:
        return
    where = _ANNOTATION if isinstance(after, ResourceSet) else _WHERE
    # Of a part that is renamed, everything moves along.
    waiting = [change for change in cluster.of(pair) if not pair.renamed or change.action is not Action.MOVED]
    several = f"{counted(len(waiting), 'change')}: {listed(ids(waiting))}"
    if pair.before is not None and not pair.before.suspended:
        message = f"{named(after)} is suspended from now on"
        message += f", with {several}, which may or may not be applied before" if waiting else ""
        yield Violation(message, where, after, severity=None if waiting else Severity.INFO)
    elif waiting and pair.before is not None:
        yield Violation(f"{named(after)} is suspended and does not apply {several}", where, after)
