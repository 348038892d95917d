"""What leaves Git and stays in the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_gitops.checks.pruning import is_kept, prunes
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import HelmRelease, Severity
from pytest_gitops.review.comparison import Change, ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import counted, ids, is_explained, listed, named, places
from pytest_gitops.review.fates import fate_of
from pytest_gitops.review.model import Action, Fate


@rule(
    "review-left-behind",
    check="review",
    set="recommended",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="What leaves Git leaves the cluster, too: no object goes on running that nobody manages, because its "
    "Kustomization doesn't prune. Of objects that ask to be kept by an annotation it is only reported that they stay.",
    remedy="Delete the objects by hand once the change is merged, or set `spec.prune: true` in a change before this "
    "one.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
    passing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps}
# after the change
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {prune: false}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {prune: false}
""",
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}
# after the change
""",
    ],
)
def left_behind(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for what a part leaves behind, one for each reason."""
    if pair.before is None or pair.after is None:
        return
    left = [change for change in cluster.of(pair) if _is_left(change, pair, cluster)]
    kept = [change for change in left if change.before and is_kept(change.before.resource, change.before.part)]
    rest = [change for change in left if change not in kept]
    for found, why, severity in ((kept, _asked(pair, kept), Severity.INFO), (rest, _unpruned(pair), None)):
        if found:
            stay = "stays" if len(found) == 1 else "stay"
            message = f"{counted(len(found), 'object')} {stay} in the cluster, {why}: {listed(ids(found))}"
            first = found[0].held
            yield Violation(message, subject=first.resource, severity=severity, related=places(first, cluster))


def _asked(pair: PartPair, kept: Sequence[Change]) -> str:
    if isinstance(pair.after, HelmRelease):
        return "as Helm keeps what a chart's crds/ holds, and what is annotated with helm.sh/resource-policy: keep"
    return "as its annotation asks" if len(kept) == 1 else "as their annotations ask"


def _unpruned(pair: PartPair) -> str:
    return f"as {named(pair.part)} does not prune"


def _is_left(change: Change, pair: PartPair, cluster: ClusterComparison) -> bool:
    if change.action is not Action.REMOVED or change.before is None or change.before.part is not pair.before:
        return False
    if fate_of(change, cluster) is not Fate.LEFT_BEHIND or is_explained(change, cluster):
        return False
    # A part that stays although Git has lost it is told as a part.
    is_part = change.id.kind in ("Kustomization", "HelmRelease", "ResourceSet")
    return not is_part and (prunes(pair.before) or not isinstance(pair.before, HelmRelease))
