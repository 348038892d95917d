"""A Service selects pods that there are."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context, is_unknown
from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.references._workloads import described, nothing_selected, pods
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "service-selector",
    check="references",
    set="essential",
    severity="error",
    kinds=("Service",),
    description="The selector of a Service matches the pods of a workload in its namespace. Otherwise the "
    "Service has no "
    "endpoints, and whoever calls it gets an error.",
    remedy="Make the selector equal to labels of the workload's pod template.",
    source="https://kubernetes.io/docs/concepts/services-networking/service/",
    passing=[
        """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {selector: {app: web}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {metadata: {labels: {app: web, tier: front}}}}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {selector: {app: webb}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {metadata: {labels: {app: web, tier: front}}}}
"""
    ],
)
def service_selector(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where no pod has the labels."""
    selector = mapping(resource.spec, "selector")
    if not selector or any(is_unknown(value) for value in selector.values()):
        return
    if any(selector.items() <= labels.items() for _, labels in pods(context.cluster, resource.namespace)):
        return
    message = f"Service {resource.name} selects no pod: none in {resource.namespace} has {described(selector)}"
    yield from nothing_selected(context.cluster, resource, message, ("spec", "selector"), wanted=selector)
