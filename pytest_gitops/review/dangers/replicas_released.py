"""A workload keeps its number of pods when Git stops naming it."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.objects import mapping, scalar
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.fates import unapplied
from pytest_gitops.review.ignoring import ignored_fields

_WHERE = ("spec", "replicas")


@rule(
    "review-replicas-released",
    check="review",
    set="recommended",
    severity="warning",
    scope="change",
    kinds=("Deployment", "StatefulSet", "ReplicaSet"),
    description="Git doesn't stop naming the number of a workload's pods while there are more than one: nobody owns "
    "the field then, and the API server makes it 1, also where an autoscaler is to set it from now on.",
    remedy="Name `/spec/replicas` in the Kustomization's `spec.ignore` in a change before: then the field stays as the "
    "cluster has it.",
    source="https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {ignore: [{paths: [/spec/replicas], target: {kind: Deployment}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
spec: {replicas: 3}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {ignore: [{paths: [/spec/replicas], target: {kind: Deployment}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
spec: {minReadySeconds: 1}
""",
    ],
    failing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {replicas: 3}
# after the change
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {minReadySeconds: 1}
""",
    ],
)
def replicas_released(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a workload of several pods of which head names no number."""
    if change.before is None or change.after is None or change.after.part.suspended:
        return
    before, after = mapping(change.old, "spec").get("replicas"), mapping(change.new, "spec").get("replicas")
    if not isinstance(before, int) or before <= 1 or after is not None:
        return
    if unapplied(change, cluster) is None and _WHERE not in ignored_fields(change):
        until = " until its autoscaler acts" if _is_scaled(change, cluster) else ""
        yield Violation(f"{change.id} goes from {before} pods to 1{until}, as Git no longer names a number", _WHERE)


def _is_scaled(change: Change, cluster: ClusterComparison) -> bool:
    for owned in cluster.head.of_kind("HorizontalPodAutoscaler") if cluster.head else ():
        target = mapping(owned.resource.spec, "scaleTargetRef")
        if (scalar(target, "kind"), scalar(target, "name")) == (change.id.kind, change.id.name):
            return owned.resource.namespace == change.id.namespace
    return False
