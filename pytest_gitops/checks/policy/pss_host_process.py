"""No Windows container is a HostProcess."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import mapping, security_contexts
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "pss-host-process",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Baseline: no Windows pod runs HostProcess containers, which have the node's privileges.",
    remedy="Remove `windowsOptions.hostProcess`.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {securityContext: {windowsOptions: {hostProcess: false}}, containers: [{name: web, image: "web:1"}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: web, image: "web:1"}]}
""",
    ],
)
def pss_host_process(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each security context that asks for a HostProcess."""
    for path, context in security_contexts(resource):
        if mapping(context, "windowsOptions").get("hostProcess"):
            yield Violation("runs as a Windows HostProcess", (*path, "windowsOptions", "hostProcess"))
