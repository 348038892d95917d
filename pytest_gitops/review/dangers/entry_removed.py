"""A cluster's entry keeps itself."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Kustomization
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import counted, named, places
from pytest_gitops.review.fates import fate_of, is_orphaning
from pytest_gitops.review.model import Action, Fate


@rule(
    "review-entry-removed",
    check="review",
    set="essential",
    severity="error",
    scope=Scope.PART_CHANGE,
    description="The Kustomization that a cluster was bootstrapped with goes on declaring itself (`gotk-sync.yaml`). "
    "It is in its own inventory: once Git has lost it, it deletes itself, its finalizer everything it applied, and the "
    "finalizers of the Kustomizations among that everything else.",
    remedy="Put it back; to take Flux out of a cluster and keep what it applied, use `flux uninstall`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#garbage-collection",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system, labels: {kustomize.toolkit.fluxcd.io/name: flux-system}}
spec: {prune: false}
# after the change
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {prune: true}
# after the change
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps}
""",
    ],
)
def entry_removed(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a Kustomization that no longer declares itself, and prunes."""
    part = pair.before
    if not isinstance(part, Kustomization) or cluster.base is None or cluster.head is None or part.implicit:
        return
    change = cluster.declaration(part)
    if change is None or change.action is not Action.REMOVED or change.before is None:
        return
    if change.before.part.name != part.name or is_orphaning(part) or fate_of(change, cluster) is not Fate.PRUNED:
        return
    held = counted(sum(1 for _ in cluster.base.cluster.resources), "object")
    message = f"{named(part)} no longer declares itself: it deletes itself, and with it the cluster's {held}"
    yield Violation(message, subject=change.before.resource, related=places(change.before, cluster))
