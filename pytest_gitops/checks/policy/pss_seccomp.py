"""Seccomp stays on."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import mapping, security_contexts
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "pss-seccomp",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Baseline: no pod and no container turns seccomp off.",
    remedy="Remove the profile, or use `RuntimeDefault` or `Localhost`.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {securityContext: {seccompProfile: {type: RuntimeDefault}}, containers: [{name: web, image: "web:1"}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {securityContext: {seccompProfile: {type: Unconfined}}, containers: [{name: web, image: "web:1"}]}
""",
    ],
)
def pss_seccomp(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each profile that is neither the runtime's default nor a local one."""
    for path, context in security_contexts(resource):
        kind = mapping(context, "seccompProfile").get("type")
        if kind not in (None, "RuntimeDefault", "Localhost"):
            yield Violation(f"seccomp profile {kind}", (*path, "seccompProfile", "type"))
