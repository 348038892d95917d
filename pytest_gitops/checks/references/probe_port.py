"""Probes ask a port that their container has."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import is_unknown
from pytest_gitops.checks.pods import all_containers, mapping, mappings
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import JsonObject, Resource

_PROBES: tuple[FieldPath, ...] = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)


@rule(
    "probe-port",
    check="references",
    set="essential",
    severity="error",
    kinds=kinds.WORKLOADS,
    description="A probe or hook that names a port names one of its own container. The kubelet looks nowhere else, and "
    "the probe fails for ever.",
    remedy="Correct the name, or name the container's port so.",
    source="https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, ports: [{name: http, containerPort: 80}], livenessProbe: {httpGet: {port: http}}}]}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, ports: [{name: http, containerPort: 80}], livenessProbe: {tcpSocket: {port: htp}}}]}
"""
    ],
)
def probe_port(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each port name that the container does not have."""
    for where, container in all_containers(resource):
        names = [str(port.get("name")) for _, port in mappings(container.get("ports")) if port.get("name")]
        for path, port in _ports(container):
            if not port.isdecimal() and port not in names and not is_unknown(port):
                has = f"has the ports {', '.join(names)}" if names else "names none of its ports"
                message = f"{path[-3]} of container {container.get('name')} asks port {port}; the container {has}"
                yield Violation(message, (*where, *path))


def _ports(container: JsonObject) -> Iterator[tuple[FieldPath, str]]:
    for probe in _PROBES:
        for action in ("httpGet", "tcpSocket"):
            port = mapping(container, *map(str, probe), action).get("port")
            if isinstance(port, str):
                yield (*probe, action, "port"), port
