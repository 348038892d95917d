"""An object comes to have two owners."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pytest_gitops.checks.contention import contended
from pytest_gitops.checks.context import Owned
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.review.comparison import ClusterComparison
from pytest_gitops.review.dangers._telling import listed, named


@rule(
    "review-two-owners",
    check="review",
    set="essential",
    severity="warning",
    scope=Scope.CLUSTER_CHANGE,
    description="No object comes to be applied by two Kustomizations, two HelmReleases or one of each, be it new or "
    "moved and left where it was: each puts back, at every reconciliation, what the other changed, and whichever loses "
    "it later deletes what the other still wants. That it is so at head, the rule `owner-conflict` says: an error.",
    remedy="Take the object out of the one in the change that adds it to the other; of two Kustomizations, one may "
    "annotate it with `kustomize.toolkit.fluxcd.io/ssa: IfNotPresent`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: a}}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: a}}
""",
    ],
)
def two_owners(_: ClusterComparison, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for the objects that parts come to contend for, one for each set of parts."""
    contests: dict[tuple[str, ...], list[Owned]] = defaultdict(list)
    for owners in _new(cluster):
        contests[tuple(dict.fromkeys(named(owned.owner) for owned in owners))].append(owners[-1])
    for names, objects in contests.items():
        ids = listed(owned.resource.id for owned in objects)
        verb = "is" if len(objects) == 1 else "are"
        message = f"{ids} {verb} from now on applied by {' and '.join(names)}: each undoes what the other does"
        yield Violation(message, ("metadata", "name"), objects[0].resource)


def _new(cluster: ClusterComparison) -> Iterator[list[Owned]]:
    """Yield the owners of each object that is contended for at head and wasn't, as far as one knows, at base."""
    if cluster.base is None or cluster.head is None:
        return
    for remote, target in cluster.head.targets.items():
        former = cluster.base.targets.get(remote)
        before = {owners[0].resource.id for owners in contended(former)} if former else set()
        for owners in contended(target):
            if owners[0].resource.id not in before and all(_is_known(owned, cluster) for owned in owners):
                yield owners


def _is_known(owned: Owned, cluster: ClusterComparison) -> bool:
    pair = cluster.pair(owned.owner)
    return pair is not None and pair.known
