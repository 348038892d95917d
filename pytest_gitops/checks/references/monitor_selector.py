"""A ServiceMonitor or PodMonitor finds what it is for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_gitops.checks.context import ClusterIndex, Context, is_unknown
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._workloads import described, nothing_selected, pods
from pytest_gitops.checks.references.service_port import port_names
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import Resource, Severity
from pytest_gitops.selectors import selects

_GROUP = "monitoring.coreos.com"
_ENDPOINTS = {"ServiceMonitor": "endpoints", "PodMonitor": "podMetricsEndpoints"}
_SELECTOR: FieldPath = ("spec", "selector", "matchLabels")


@rule(
    "monitor-selector",
    check="references",
    set="recommended",
    severity="warning",
    kinds=(f"ServiceMonitor.{_GROUP}", f"PodMonitor.{_GROUP}"),
    description="A ServiceMonitor selects a Service, and a PodMonitor pods, of its namespace, and the ports it names "
    "are among theirs. Otherwise nothing is scraped, without a word.",
    remedy="Make the selector equal to their labels, and the port to the name of one of their ports.",
    source="https://prometheus-operator.dev/docs/developer/getting-started/",
    passing=[
        """
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web, namespace: apps}
spec: {selector: {matchLabels: {app: web}}, endpoints: [{port: metrics}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps, labels: {app: web}}
spec: {ports: [{name: metrics, port: 9090}]}
"""
    ],
    failing=[
        """
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web, namespace: apps}
spec: {selector: {matchLabels: {app: web}}, endpoints: [{port: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps, labels: {app: web}}
spec: {ports: [{name: metrics, port: 9090}]}
""",
        """
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: web, namespace: apps}
spec: {selector: {matchLabels: {app: web}}, podMetricsEndpoints: [{port: metrics}]}
""",
    ],
)
def monitor_selector(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where nothing is selected, or for each port that nothing selected has."""
    selector = mapping(resource.spec, "selector")
    labels = mapping(selector, "matchLabels")
    if resource.spec.get("namespaceSelector") or not labels or any(map(is_unknown, labels.values())):
        return
    selected = [names for found, names in _candidates(context.cluster, resource) if selects(selector, found)]
    monitor = f"{resource.kind} {resource.name}"
    if not selected:
        what = "Service" if resource.kind == "ServiceMonitor" else "pod"
        message = f"{monitor} selects no {what}: none in {resource.namespace} has {described(labels)}"
        yield from nothing_selected(context.cluster, resource, message, _SELECTOR, Severity.WARNING, wanted=labels)
        return
    field = _ENDPOINTS[resource.kind]
    known = list(dict.fromkeys(name for names in selected for name in names))
    for index, endpoint in mappings(resource.spec.get(field)):
        port = endpoint.get("port")
        if isinstance(port, str) and port not in known and not is_unknown(port):
            message = f"{monitor} scrapes port {port}; what it selects has {', '.join(known) or 'no port with a name'}"
            yield Violation(message, ("spec", field, index, "port"))


def _candidates(cluster: ClusterIndex, monitor: Resource) -> Iterator[tuple[dict[str, object], Sequence[str]]]:
    """Yield labels and names of ports of what a monitor chooses from."""
    if monitor.kind == "PodMonitor":
        for workload, labels in pods(cluster, monitor.namespace):
            yield labels, tuple(port_names(workload))
        return
    for owned in cluster.of_kind("Service"):
        service = owned.resource
        if service.namespace == monitor.namespace:
            ports = (port.get("name") for _, port in mappings(service.spec.get("ports")))
            yield mapping(service.object, "metadata", "labels"), tuple(str(name) for name in ports if name)
