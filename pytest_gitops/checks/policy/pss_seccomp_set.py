"""A seccomp profile is set."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers, is_windows, mapping, pod_spec
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "pss-seccomp-set",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Restricted: every container of a Linux pod has a seccomp profile, its own or its pod's.",
    remedy="Set `securityContext.seccompProfile.type: RuntimeDefault` on the pod.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
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
spec: {containers: [{name: web, image: "web:1"}]}
""",
    ],
)
def pss_seccomp_set(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each container without a profile."""
    of_pod = mapping(pod_spec(resource)[1], "securityContext", "seccompProfile").get("type")
    for path, container in () if of_pod or is_windows(resource) else all_containers(resource):
        if not mapping(container, "securityContext", "seccompProfile").get("type"):
            message = f"container {container.get('name')} has no seccomp profile"
            yield Violation(message, (*path, "securityContext", "seccompProfile"))
