"""Workloads of several replicas have a PodDisruptionBudget."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping, pod_template
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource
from pytest_gitops.selectors import selects


@rule(
    "pod-disruption-budget",
    set="strict",
    severity="warning",
    kinds=("Deployment", "StatefulSet"),
    description="A Deployment or StatefulSet of more than one replica is selected by a PodDisruptionBudget, so that "
    "draining nodes leaves some of them running.",
    remedy="Add a PodDisruptionBudget that selects the workload's pods.",
    source="https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
    passing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {replicas: 2, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: apps}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
""",
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {replicas: 1, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}}
""",
    ],
    failing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {replicas: 2, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}}
""",
    ],
)
def pod_disruption_budget(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for a workload of several replicas that no budget selects."""
    replicas = resource.spec.get("replicas")
    if (
        not isinstance(replicas, int)
        or replicas <= 1
        or context.cluster.unknown("PodDisruptionBudget", resource.namespace)
    ):
        return
    labels = mapping(pod_template(resource)[1], "metadata", "labels")
    budgets = (owned.resource for owned in context.cluster.of_kind("PodDisruptionBudget"))
    if not any(b.namespace == resource.namespace and selects(b.spec.get("selector"), labels) for b in budgets):
        yield Violation(f"{resource.kind} {resource.name} has no PodDisruptionBudget", ("spec", "replicas"))
