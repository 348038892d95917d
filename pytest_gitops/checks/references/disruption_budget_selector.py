"""A PodDisruptionBudget protects pods that there are."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.references._workloads import nothing_selected, pods
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource, Severity
from pytest_gitops.selectors import selects


@rule(
    "disruption-budget-selector",
    check="references",
    set="essential",
    severity="warning",
    kinds=("PodDisruptionBudget",),
    description="The selector of a PodDisruptionBudget matches the pods of a workload in its namespace; it "
    "protects nothing otherwise.",
    remedy="Make the selector match labels of the workload's pod template.",
    source="https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
    passing=[
        """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: apps}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {metadata: {labels: {app: web}}}}
"""
    ],
    failing=[
        """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: apps}
spec: {minAvailable: 1, selector: {matchLabels: {app: webb}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {metadata: {labels: {app: web}}}}
"""
    ],
)
def disruption_budget_selector(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where no pod is selected."""
    selector = mapping(resource.spec, "selector")
    if not selector or any(selects(selector, labels) for _, labels in pods(context.cluster, resource.namespace)):
        return
    message = f"PodDisruptionBudget {resource.name} selects no pod of {resource.namespace}"
    yield from nothing_selected(
        context.cluster,
        resource,
        message,
        ("spec", "selector", "matchLabels"),
        Severity.WARNING,
        wanted=mapping(selector, "matchLabels"),
    )
