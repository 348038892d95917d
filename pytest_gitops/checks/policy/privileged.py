"""No container is privileged."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers, mapping
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "privileged",
    set="recommended",
    severity="warning",
    kinds=WORKLOADS,
    description="No container is privileged: a privileged one can do on its node all that root can.",
    remedy="Remove `privileged: true`, and grant the capabilities that are needed.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {privileged: false}}]}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {privileged: true}}]}
"""
    ],
)
def privileged(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each privileged container."""
    for path, container in all_containers(resource):
        if mapping(container, "securityContext").get("privileged") is True:
            message = f"container {container.get('name')} is privileged"
            yield Violation(message, (*path, "securityContext", "privileged"))
