"""Only safe sysctls are set."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import mapping, mappings, pod_spec
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

SAFE = frozenset(
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    ]
)


@rule(
    "pss-sysctls",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Baseline: pods set only sysctls that concern themselves.",
    remedy="Remove the sysctl.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec:
  securityContext: {sysctls: [{name: net.ipv4.tcp_syncookies, value: "1"}]}
  containers: [{name: web, image: "web:1"}]
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {securityContext: {sysctls: [{name: kernel.msgmax, value: "1"}]}, containers: [{name: web, image: "web:1"}]}
""",
    ],
)
def pss_sysctls(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each sysctl that isn't known as safe."""
    path, spec = pod_spec(resource)
    for index, sysctl in mappings(mapping(spec, "securityContext").get("sysctls")):
        if sysctl.get("name") not in SAFE:
            message = f"sysctl {sysctl.get('name')} is not a safe one"
            yield Violation(message, (*path, "securityContext", "sysctls", index, "name"))
