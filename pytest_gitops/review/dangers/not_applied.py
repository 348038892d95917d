"""A change reaches the cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pytest_gitops.checks.rule import FieldPath, Scope, Violation, rule
from pytest_gitops.model import HelmRelease
from pytest_gitops.review.comparison import Change, ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import ids, listed
from pytest_gitops.review.fates import unapplied


@rule(
    "review-not-applied",
    check="review",
    set="recommended",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="What changes in Git changes in the cluster: kustomize-controller applies no object that is annotated "
    "with `kustomize.toolkit.fluxcd.io/reconcile: disabled` or `ssa: Ignore`, none that is there and annotated "
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
def not_applied(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for the changes to a part's objects that are held back, one for each reason."""
    if pair.after is None or pair.after.suspended or cluster.base is None:
        return
    reasons: dict[tuple[str, bool], list[Change]] = defaultdict(list)
    for change in cluster.of(pair):
        why = unapplied(change, cluster) if change.after and change.after.part is pair.after else None
        if why is not None and (change.before is None or _field(change) is not None):
            reasons[why, change.before is None].append(change)
    for (why, new), changes in reasons.items():
        verb = ("is" if len(changes) == 1 else "are") if new else ("stays" if len(changes) == 1 else "stay")
        said = f"{listed(ids(changes))} {verb} {'not made' if new else 'as before'} in the cluster, because of {why}"
        first = changes[0]
        yield Violation(said, _field(first) or ("metadata",), first.held.resource, remedy=_remedy(pair))


def _field(change: Change) -> FieldPath | None:
    """Return the first field that differs besides the metadata."""
    return next((path for path in change.fields if path[:1] != ("metadata",)), None)


def _remedy(pair: PartPair) -> str | None:
    if not isinstance(pair.after, HelmRelease):
        return None
    return "Set `spec.upgrade.crds: CreateReplace`, or apply the definitions before the upgrade."
