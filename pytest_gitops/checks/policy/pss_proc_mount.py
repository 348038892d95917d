"""/proc is masked as usual."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers, mapping
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "pss-proc-mount",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Baseline: containers get the usual, masked /proc.",
    remedy="Remove `procMount`.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {procMount: Default}}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {procMount: Unmasked}}]}
""",
    ],
)
def pss_proc_mount(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each other /proc."""
    for path, container in all_containers(resource):
        mount = mapping(container, "securityContext").get("procMount")
        if mount not in (None, "", "Default"):
            message = f"container {container.get('name')} gets an {str(mount).lower()} /proc"
            yield Violation(message, (*path, "securityContext", "procMount"))
