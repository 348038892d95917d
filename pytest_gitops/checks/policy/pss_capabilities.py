"""No container adds capabilities beyond the usual."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers, mapping
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

_USUAL = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)


@rule(
    "pss-capabilities",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Baseline: containers add no capabilities but those that container runtimes grant anyway.",
    remedy="Remove the capability from `capabilities.add`.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {capabilities: {add: [NET_BIND_SERVICE]}}}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {capabilities: {add: [SYS_ADMIN]}}}]}
""",
    ],
)
def pss_capabilities(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each capability added that isn't among the usual."""
    for path, container in all_containers(resource):
        added = mapping(container, "securityContext", "capabilities").get("add") or ()
        for index, capability in enumerate(added):
            if capability not in _USUAL:
                message = f"container {container.get('name')} adds the capability {capability}"
                yield Violation(message, (*path, "securityContext", "capabilities", "add", index))
