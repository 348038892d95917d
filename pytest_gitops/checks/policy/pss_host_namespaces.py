"""No pod shares its node's namespaces."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import pod_spec
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "pss-host-namespaces",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Baseline: no pod shares the network, process or IPC namespace of its node.",
    remedy="Remove `hostNetwork`, `hostPID` and `hostIPC`.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {hostNetwork: false, containers: [{name: web, image: "web:1"}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {hostNetwork: true, containers: [{name: web, image: "web:1"}]}
""",
    ],
)
def pss_host_namespaces(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each namespace of the node that the pod shares."""
    path, spec = pod_spec(resource)
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield Violation(f"shares the node's namespace: {field}", (*path, field))
