"""Pods are selected by a NetworkPolicy."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import mapping, pod_template
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource
from pytest_gitops.selectors import selects

_OF_OTHERS = (
    "CiliumNetworkPolicy.cilium.io",
    "CiliumClusterwideNetworkPolicy.cilium.io",
    "NetworkPolicy.projectcalico.org",
    "GlobalNetworkPolicy.projectcalico.org",
)


@rule(
    "network-policy",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Every pod is selected by a NetworkPolicy (or, where Cilium or Calico are used, one of theirs is in "
    "its namespace): without one, everybody in the cluster may reach it.",
    remedy="Add a NetworkPolicy to the namespace.",
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    passing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: apps}
spec: {podSelector: {}}
""",
    ],
    failing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}}
""",
    ],
)
def network_policy(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for a workload that no policy selects."""
    if context.cluster.unknown("NetworkPolicy", resource.namespace):
        return
    labels = mapping(pod_template(resource)[1], "metadata", "labels")
    for owned in context.cluster.of_kind("NetworkPolicy"):
        policy = owned.resource
        if policy.namespace == resource.namespace and selects(policy.spec.get("podSelector"), labels):
            return
    foreign = (owned.resource for owned in context.cluster.of_kind(*_OF_OTHERS))
    if not any(policy.namespace in ("", resource.namespace) for policy in foreign):
        yield Violation(f"{resource.kind} {resource.name} is selected by no NetworkPolicy", ("metadata", "name"))
