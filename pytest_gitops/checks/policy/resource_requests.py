"""Containers say what they need: requests for CPU and memory."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.limit_ranges import defaults
from pytest_gitops.checks.pods import containers, mapping, pod_spec
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "resource-requests",
    set="recommended",
    severity="warning",
    kinds=WORKLOADS,
    description="Every container requests CPU and memory (or sets a limit, which counts as a request), "
    "itself, through its pod or a LimitRange: the scheduler plans with nothing else.",
    remedy="Set `resources.requests.cpu` and `resources.requests.memory`.",
    source="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec:
  containers:
    - {name: web, image: "web:1", resources: {requests: {cpu: 10m}, limits: {memory: 64Mi}}}
""",
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec:
  resources: {requests: {cpu: 10m, memory: 64Mi}}
  containers: [{name: web, image: "web:1"}]
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
spec: {containers: [{name: web, image: "web:1", resources: {requests: {cpu: 10m}}}]}
"""
    ],
)
def resource_requests(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each container without request or limit of CPU or memory."""
    of_pod = _requested(pod_spec(resource)[1]) | defaults(context.cluster, resource.namespace)[0]
    for path, container in containers(resource):
        if lacking := {"cpu", "memory"} - of_pod - _requested(container):
            message = f"container {container.get('name')} requests no {' and no '.join(sorted(lacking))}"
            yield Violation(message, (*path, "resources", "requests"))


def _requested(holder: object) -> set[str]:
    return {*mapping(holder, "resources", "requests"), *mapping(holder, "resources", "limits")}
