"""What keeps a workload up stays."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import ResourceId, Severity
from pytest_gitops.objects import mapping, scalar
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.dangers._telling import is_explained, places
from pytest_gitops.review.fates import fate_of
from pytest_gitops.review.model import Action, Fate


@rule(
    "review-protection-removed",
    check="review",
    set="recommended",
    severity="warning",
    scope="change",
    kinds=("PodDisruptionBudget", "HorizontalPodAutoscaler"),
    description="No PodDisruptionBudget is deleted while what it protects stays: a drained node may then take all of "
    "its pods at once. Of a HorizontalPodAutoscaler it is only reported: the workload stays at the number of pods it "
    "has.",
    remedy="Keep it as long as the workload is there.",
    source="https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets",
    passing=[
        """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: apps}
spec: {selector: {matchLabels: {app: web}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {metadata: {labels: {app: web}}}}
# after the change
""",
    ],
    failing=[
        """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: apps}
spec: {selector: {matchLabels: {app: web}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {metadata: {labels: {app: web}}}}
# after the change
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {metadata: {labels: {app: web}}}}
""",
    ],
)
def protection_removed(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a budget or autoscaler that is deleted while its workload stays."""
    if change.action is not Action.REMOVED or change.before is None or is_explained(change, cluster):
        return
    if fate_of(change, cluster) is not Fate.PRUNED:
        return
    related = places(change.before, cluster)
    if change.id.kind == "HorizontalPodAutoscaler":
        if target := _scaled(change, cluster):
            message = f"{change.id} is deleted: {target} stays at the number of pods it has, unless Git names one"
            yield Violation(message, severity=Severity.INFO, related=related)
    elif protected := _protected(change, cluster):
        yield Violation(
            f"{change.id} is deleted: nothing limits how many pods of {protected} go at once", related=related
        )


def _scaled(change: Change, cluster: ClusterComparison) -> ResourceId | None:
    target = mapping(change.old, "spec", "scaleTargetRef")
    found = (
        cluster.head.get(scalar(target, "kind"), change.id.namespace, scalar(target, "name")) if cluster.head else None
    )
    return found.resource.id if found else None


def _protected(change: Change, cluster: ClusterComparison) -> ResourceId | None:
    wanted = mapping(change.old, "spec", "selector", "matchLabels")
    for owned in cluster.head.of_kind("Deployment", "StatefulSet", "ReplicaSet") if cluster.head and wanted else ():
        labels = mapping(owned.resource.spec, "template", "metadata", "labels")
        if owned.resource.namespace == change.id.namespace and wanted.items() <= labels.items():
            return owned.resource.id
    return None
