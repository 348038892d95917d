"""What Flux deletes."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import HelmRelease, ResourceSet
from pytest_gitops.review.comparison import Change, ClusterComparison, PartPair
from pytest_gitops.review.dangers._data import loss, spared
from pytest_gitops.review.dangers._telling import counted, ids, is_explained, listed, named, places
from pytest_gitops.review.fates import fate_of
from pytest_gitops.review.model import Action, Fate

# Kinds that have a rule of their own for when they go.
_TOLD = (
    "Kustomization",
    "HelmRelease",
    "ResourceSet",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
)

_OF_A_SET = "To keep an object, annotate it with `fluxcd.controlplane.io/prune: disabled` in a change before this one."


@rule(
    "review-pruned",
    check="review",
    set="recommended",
    severity="info",
    scope=Scope.PART_CHANGE,
    description="What Flux deletes: kustomize-controller what was in a Kustomization's inventory and no longer is, "
    "helm-controller what a release's manifest no longer has. Told once for each Kustomization or HelmRelease, "
    "without what is told on its own because data or protection goes with it.",
    remedy="To keep an object, annotate it with `kustomize.toolkit.fluxcd.io/prune: disabled` (of a chart: "
    "`helm.sh/resource-policy: keep`) in a change before the one that removes it.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
    passing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}
# after the change
""",
    ],
    failing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
# after the change
""",
    ],
)
def pruned(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a part that deletes objects."""
    gone = [change for change in cluster.of(pair) if _is_told(change, pair, cluster)]
    if pair.after is None or not gone:
        return
    first = gone[0].held
    by = f"the upgrade of {named(pair.after)}" if isinstance(pair.after, HelmRelease) else named(pair.after)
    message = f"{by} deletes {counted(len(gone), 'object')}: {listed(ids(gone))}"
    remedy = _OF_A_SET if isinstance(pair.after, ResourceSet) else None
    message = message[0].upper() + message[1:]
    yield Violation(message, subject=first.resource, remedy=remedy, related=places(first, cluster))


def _is_told(change: Change, pair: PartPair, cluster: ClusterComparison) -> bool:
    if change.action is not Action.REMOVED or change.before is None or change.before.part is not pair.before:
        return False
    if fate_of(change, cluster) is not Fate.PRUNED or change.id.kind in _TOLD or is_explained(change, cluster):
        return False
    before, base = change.before.resource, cluster.base
    return base is not None and loss(before, base) is None and spared(before, base) is None
