"""An object that moves from one owner to another stays in the cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import HelmRelease, Part
from pytest_gitops.review.comparison import Change, ClusterComparison, PartPair
from pytest_gitops.review.dangers._data import loss
from pytest_gitops.review.dangers._telling import counted, ids, listed, named
from pytest_gitops.review.fates import is_made_anew, waits_for
from pytest_gitops.review.model import Action


@rule(
    "review-moved",
    check="review",
    set="essential",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="An object that goes from one Kustomization to another is not deleted on the way. The one that loses "
    "it deletes it, as long as it bears its labels; the one that gets it puts its own labels on when it applies. Which "
    "comes first is chance, unless the one that loses it waits for the other by `dependsOn`. What is deleted after the "
    "other applied is missing until that one's next interval. helm-controller looks at no labels, and Helm takes no "
    "Kustomization's labels off: between a Kustomization and a HelmRelease the object is deleted for sure.",
    remedy="Annotate the objects with `kustomize.toolkit.fluxcd.io/prune: disabled` (in a chart: "
    "`helm.sh/resource-policy: keep`) in a change before, and take the annotation away in one after.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {dependsOn: [{name: b}]}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: a}}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {dependsOn: [{name: b}]}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: b}}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: a}}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: b}}
""",
    ],
)
def moved(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for the objects that a part gives to another one, one for each other."""
    if pair.before is None or pair.renamed:
        return
    takers: dict[int, list[Change]] = defaultdict(list)
    for change in cluster.of(pair):
        if _leaves(change, pair) and is_made_anew(change, cluster) and change.after is not None:
            takers[id(change.after.part)].append(change)
    for changes in takers.values():
        taker = changes[0].held
        message = _message(pair, taker.part, changes, cluster)
        yield Violation(message, ("metadata", "name"), taker.resource)


def _leaves(change: Change, pair: PartPair) -> bool:
    return change.action is Action.MOVED and change.before is not None and change.before.part is pair.before


def _message(pair: PartPair, taker: Part, changes: list[Change], cluster: ClusterComparison) -> str:
    giver = pair.before
    assert giver is not None  # noqa: S101 - it gives objects away
    verb, be = ("moves", "is") if len(changes) == 1 else ("move", "are")
    what = f"{counted(len(changes), 'object')} {verb} from {named(giver)} to {named(taker)}"
    return f"{what} and {_outcome(giver, taker, be, cluster)}: {listed(ids(changes))}{_losses(changes, cluster)}"


def _outcome(giver: Part, taker: Part, be: str, cluster: ClusterComparison) -> str:
    if isinstance(giver, HelmRelease) or isinstance(taker, HelmRelease):
        return "may be missing afterwards, as the former deletes without regard to the latter"
    if waits_for(taker, giver, cluster):
        return f"{be} made anew, as the latter waits for the former, which deletes first"
    return "may be deleted, if the former reconciles before the latter"


def _losses(changes: list[Change], cluster: ClusterComparison) -> str:
    lost = []
    for change in changes:
        what = loss(change.before.resource, cluster.base) if change.before and cluster.base else None
        if what:
            lost.append(f"{change.id} with {what}")
    return f"; lost may be {listed(lost)}" if lost else ""
