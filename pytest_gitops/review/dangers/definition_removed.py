"""A CustomResourceDefinition that Flux deletes takes all objects of its kind along."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Severity
from pytest_gitops.objects import mapping, scalar
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.dangers._telling import counted, is_explained, places
from pytest_gitops.review.fates import fate_of
from pytest_gitops.review.model import Action, Fate


@rule(
    "review-definition-removed",
    check="review",
    set="essential",
    severity="warning",
    scope="change",
    kinds=["CustomResourceDefinition"],
    description="A change does not have Flux delete a CustomResourceDefinition: the API server deletes every object of "
    "its kind along, in all namespaces. Where Git still has some of them, their Kustomization fails from then on: an "
    "error.",
    remedy="Remove the objects first and the definition later; to keep it, annotate it with "
    "`kustomize.toolkit.fluxcd.io/prune: disabled` in a change before this one.",
    source="https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/"
    "#delete-a-customresourcedefinition",
    passing=[
        """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com, annotations: {kustomize.toolkit.fluxcd.io/prune: Disabled}}
spec: {group: example.com, names: {kind: Widget}}
# after the change
""",
    ],
    failing=[
        """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec: {group: example.com, names: {kind: Widget}}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: one, namespace: apps}
# after the change
apiVersion: example.com/v1
kind: Widget
metadata: {name: one, namespace: apps}
""",
    ],
)
def definition_removed(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a definition that is pruned."""
    if change.action is not Action.REMOVED or change.before is None or is_explained(change, cluster):
        return
    if fate_of(change, cluster) is not Fate.PRUNED:
        return
    group, kind = scalar(mapping(change.old, "spec"), "group"), scalar(mapping(change.old, "spec", "names"), "kind")
    before, after = _instances(cluster.base, group, kind), _instances(cluster.head, group, kind)
    known = f", {before} of them in Git" if before else ""
    message = f"CustomResourceDefinition {change.id.name} is deleted, with all objects of its kind{known}"
    if after:
        message += f"; Git still has {counted(after, kind)}, which can't be applied without it"
    severity = Severity.ERROR if after else None
    yield Violation(message, severity=severity, related=places(change.before, cluster))


def _instances(cluster: ClusterIndex | None, group: str, kind: str) -> int:
    return sum(1 for _ in cluster.of_kind(f"{kind}.{group}")) if cluster else 0
