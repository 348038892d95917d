"""No probe or hook calls another host."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers, mapping
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = (*((probe,) for probe in _PROBES), ("lifecycle", "postStart"), ("lifecycle", "preStop"))


@rule(
    "pss-host-probes",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Baseline, since Kubernetes 1.34: no probe and no lifecycle hook names a host; the kubelet would call "
    "it from the node's network.",
    remedy="Remove `host`: the pod's own address is meant then.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", livenessProbe: {httpGet: {port: 80}}}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", livenessProbe: {httpGet: {port: 80, host: 10.0.0.1}}}]}
""",
    ],
)
def pss_host_probes(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each probe or hook that names a host."""
    for path, container in all_containers(resource):
        for handler in _HANDLERS:
            for action in ("httpGet", "tcpSocket"):
                if host := mapping(container, *handler, action).get("host"):
                    message = f"{'.'.join(handler)} of container {container.get('name')} calls the host {host}"
                    yield Violation(message, (*path, *handler, action, "host"))
