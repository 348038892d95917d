"""Containers have a memory limit."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.limit_ranges import defaults
from pytest_gitops.checks.pods import containers, mapping, pod_spec
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "memory-limit",
    set="recommended",
    severity="warning",
    kinds=WORKLOADS,
    description="Every container has a memory limit, its own, its pod's or a LimitRange's: one that leaks takes its "
    "neighbours down with it otherwise.",
    remedy="Set `resources.limits.memory`.",
    source="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", resources: {limits: {memory: 64Mi}}}]}
""",
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1"}]}
---
apiVersion: v1
kind: LimitRange
metadata: {name: defaults, namespace: apps}
spec: {limits: [{type: Container, default: {memory: 64Mi}, defaultRequest: {cpu: 10m}}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", resources: {limits: {cpu: "1"}}}]}
"""
    ],
)
def memory_limit(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each container without a memory limit."""
    limits = {*mapping(pod_spec(resource)[1], "resources", "limits"), *defaults(context.cluster, resource.namespace)[1]}
    if "memory" in limits:
        return
    for path, container in containers(resource):
        if "memory" not in mapping(container, "resources", "limits"):
            message = f"container {container.get('name')} has no memory limit"
            yield Violation(message, (*path, "resources", "limits", "memory"))
