"""No container takes a port of its node."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers, mappings
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "pss-host-ports",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Baseline: no container takes a port of its node.",
    remedy="Remove `hostPort`, and expose the port by a Service.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", ports: [{containerPort: 80, hostPort: 0}]}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", ports: [{containerPort: 80, hostPort: 80}]}]}
""",
    ],
)
def pss_host_ports(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each hostPort."""
    for path, container in all_containers(resource):
        for index, port in mappings(container.get("ports")):
            if port.get("hostPort"):
                message = f"container {container.get('name')} takes port {port['hostPort']} of the node"
                yield Violation(message, (*path, "ports", index, "hostPort"))
