"""A namespace that Flux deletes takes all it holds along."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Severity
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.dangers._telling import counted, is_explained, places
from pytest_gitops.review.fates import fate_of
from pytest_gitops.review.model import Action, Fate


@rule(
    "review-namespace-removed",
    check="review",
    set="essential",
    severity="warning",
    scope="change",
    kinds=["Namespace"],
    description="A change does not have Flux delete a namespace: with it goes everything inside, volumes' claims too, "
    "whoever made it. Where Git still has objects in it, Flux can't apply them any more: an error.",
    remedy="Keep the namespace, or annotate it with `kustomize.toolkit.fluxcd.io/prune: disabled` in a change before "
    "this one.",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
    passing=[
        """
apiVersion: v1
kind: Namespace
metadata:
  name: web
  annotations:
    kustomize.toolkit.fluxcd.io/prune: disabled
# after the change
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Namespace
metadata:
  name: web
# after the change
""",
    ],
)
def namespace_removed(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a namespace that is pruned."""
    if change.action is not Action.REMOVED or change.before is None or is_explained(change, cluster):
        return
    if fate_of(change, cluster) is not Fate.PRUNED:
        return
    still = cluster.head.resources if cluster.head else ()
    inside = sum(owned.resource.namespace == change.id.name for owned in still)
    message = f"Namespace {change.id.name} is deleted, with everything in it"
    if inside:
        message += f", also {counted(inside, 'object')} that Git still has there"
    yield Violation(message, severity=Severity.ERROR if inside else None, related=places(change.before, cluster))
