"""What an autoscaler or a Canary is for is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import all_containers, mapping, mappings
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource, group_of

_FIELDS = ("scaleTargetRef", "targetRef", "autoscalerRef")


@rule(
    "scale-target",
    check="references",
    set="essential",
    severity="error",
    kinds=(
        "HorizontalPodAutoscaler",
        "VerticalPodAutoscaler.autoscaling.k8s.io",
        "ScaledObject.keda.sh",
        "Canary.flagger.app",
    ),
    description="The workload that a HorizontalPodAutoscaler, VerticalPodAutoscaler, ScaledObject or Canary "
    "names exists in its "
    "namespace.",
    remedy="Correct kind and name of the target.",
    source="https://kubernetes.io/docs/concepts/workloads/autoscaling/",
    passing=[
        """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: apps}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
"""
    ],
    failing=[
        """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: apps}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
""",
        """
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: web, namespace: apps}
spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
""",
    ],
)
def scale_target(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each target, or container of one, that does not exist."""
    yield from _containers(resource, context)
    for field in _FIELDS:
        reference = mapping(resource.spec, field)
        # KEDA's default is a Deployment.
        kind, name = named(reference.get("kind") or "Deployment"), named(reference.get("name"))
        if name:
            group = group_of(str(reference.get("apiVersion") or "apps/v1"))
            yield from absent(
                context.cluster,
                f"{kind}.{group}" if group else kind,
                resource.namespace,
                name,
                message=f"{resource.kind} {resource.name} targets {kind} {name}, which {resource.namespace} does "
                f"not have",
                path=("spec", field, "name"),
            )


def _containers(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each container whose usage counts, and which the target does not have."""
    reference = mapping(resource.spec, "scaleTargetRef")
    kind, name = named(reference.get("kind")), named(reference.get("name"))
    target = context.cluster.get(kind, resource.namespace, name) if kind in kinds.WORKLOADS else None
    if target is None:
        return
    names = [container.get("name") for _, container in all_containers(target.resource)]
    for index, metric in mappings(resource.spec.get("metrics")):
        container = named(mapping(metric, "containerResource").get("container"))
        if container and container not in names:
            has = ", ".join(map(str, names))
            message = f"{resource.kind} {resource.name} measures container {container}; {kind} {name} has {has}"
            yield Violation(message, ("spec", "metrics", index, "containerResource", "container"))
