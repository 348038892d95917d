"""SELinux keeps to container types."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import mapping, security_contexts
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

_TYPES = ("container_t", "container_init_t", "container_kvm_t", "container_engine_t")


@rule(
    "pss-selinux",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Baseline: SELinux options name one of the types for containers, and neither user nor role.",
    remedy="Remove `seLinuxOptions`, or use `container_t`, `container_init_t`, `container_kvm_t` or "
    "`container_engine_t`.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {securityContext: {seLinuxOptions: {type: container_t}}, containers: [{name: web, image: "web:1"}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {securityContext: {seLinuxOptions: {type: spc_t}}, containers: [{name: web, image: "web:1"}]}
""",
    ],
)
def pss_selinux(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each type, user or role that isn't allowed."""
    for path, context in security_contexts(resource):
        options = mapping(context, "seLinuxOptions")
        for field in ("type", "user", "role"):
            value = options.get(field)
            if value and not (field == "type" and value in _TYPES):
                yield Violation(f"SELinux {field} {value}", (*path, "seLinuxOptions", field))
