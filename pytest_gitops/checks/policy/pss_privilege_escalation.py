"""No process gains privileges."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers, is_windows, mapping
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "pss-privilege-escalation",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Restricted: containers of Linux pods refuse to gain privileges, as by a setuid program.",
    remedy="Set `securityContext.allowPrivilegeEscalation: false` on the container.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {allowPrivilegeEscalation: false}}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {}}]}
""",
    ],
)
def pss_privilege_escalation(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each container that doesn't refuse."""
    for path, container in () if is_windows(resource) else all_containers(resource):
        if mapping(container, "securityContext").get("allowPrivilegeEscalation") is not False:
            message = f"container {container.get('name')} may gain privileges"
            yield Violation(message, (*path, "securityContext", "allowPrivilegeEscalation"))
