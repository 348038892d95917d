"""A Service leads to a port that its pods have."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context, is_unknown
from pytest_gitops.checks.pods import all_containers, mapping, mappings
from pytest_gitops.checks.references._workloads import pods
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "service-port",
    check="references",
    set="essential",
    severity="error",
    kinds=("Service",),
    description="A `targetPort` that is a name is the name of a port of the pods that the Service selects. Otherwise "
    "the port has no endpoints.",
    remedy="Correct the name, or name the container's port so.",
    source="https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports",
    passing=[
        """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps, labels: {app: web}}
spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: htp}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps, labels: {app: web}}
spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}
"""
    ],
)
def service_port(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each named port that no selected pod has."""
    selector = mapping(resource.spec, "selector")
    workloads = pods(context.cluster, resource.namespace)
    selected = [workload for workload, labels in workloads if selector.items() <= labels.items()]
    if not selector or not selected:
        return
    names = list(dict.fromkeys(name for workload in selected for name in port_names(workload)))
    for index, port in mappings(resource.spec.get("ports")):
        target = port.get("targetPort")
        if isinstance(target, str) and not target.isdecimal() and target not in names and not is_unknown(target):
            of = ", ".join(f"{workload.kind} {workload.name}" for workload in selected[:3])
            has = f"has the ports {', '.join(names)}" if names else "names no port"
            message = f"Service {resource.name} leads to port {target}; {of} {has}"
            yield Violation(message, ("spec", "ports", index, "targetPort"))


def port_names(workload: Resource) -> Iterator[str]:
    """Yield the names of the ports of a workload's containers."""
    for _, container in all_containers(workload):
        for _, port in mappings(container.get("ports")):
            if port.get("name"):
                yield str(port["name"])
