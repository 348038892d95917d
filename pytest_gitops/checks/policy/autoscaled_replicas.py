"""Git leaves the replicas to the autoscaler."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import HelmRelease, Resource

_SCALERS = ("HorizontalPodAutoscaler", "ScaledObject.keda.sh")


@rule(
    "autoscaled-replicas",
    check="policy",
    set="strict",
    severity="warning",
    kinds=("Deployment", "StatefulSet"),
    description="A workload that an autoscaler scales sets no `spec.replicas`. Flux would set them back to that "
    "number at every reconciliation, and the autoscaler up again.",
    remedy="Remove `spec.replicas`, in Git; the autoscaler's minimum counts.",
    source="https://fluxcd.io/flux/faq/#how-to-set-spec-replicas-when-using-horizontal-pod-autoscaler",
    passing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: apps}
spec: {minReplicas: 2, maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
"""
    ],
    failing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {replicas: 2}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: apps}
spec: {minReplicas: 2, maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
"""
    ],
)
def autoscaled_replicas(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where Git and an autoscaler both set the replicas; Helm leaves what it did not change."""
    if "replicas" not in resource.spec or isinstance(context.owner, HelmRelease):
        return
    for owned in context.cluster.of_kind(*_SCALERS):
        scaler = owned.resource
        target = mapping(scaler.spec, "scaleTargetRef")
        named = (str(target.get("kind") or "Deployment"), scaler.namespace, target.get("name"))
        if named == (resource.kind, resource.namespace, resource.name):
            message = f"{resource.kind} {resource.name} sets replicas, which {scaler.kind} {scaler.name} scales"
            yield Violation(message, ("spec", "replicas"))
