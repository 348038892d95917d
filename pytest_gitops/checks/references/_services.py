"""Services as what routes point at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.pods import mappings
from pytest_gitops.checks.references._lookup import absent
from pytest_gitops.checks.rule import FieldPath, Violation
from pytest_gitops.model import Resource


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service that a route leads to, the port (a number or a name, None for any), and the fields that say so."""

    namespace: str
    name: str
    port: object
    name_path: FieldPath
    port_path: FieldPath


def unreachable(cluster: ClusterIndex, route: Resource, backend: Backend) -> Iterator[Violation]:
    """Yield a violation where the Service doesn't exist, or has no such port."""
    found = cluster.get("Service", backend.namespace, backend.name)
    owner = f"{route.kind} {route.name}"
    if found is None:
        message = f"{owner} routes to Service {backend.name}, which {backend.namespace} does not have"
        yield from absent(cluster, "Service", backend.namespace, backend.name, message=message, path=backend.name_path)
        return
    if backend.port in (None, "") or found.resource.spec.get("type") == "ExternalName":
        return
    ports = [entry for _, entry in mappings(found.resource.spec.get("ports"))]
    if not any(backend.port in (entry.get("port"), entry.get("name")) for entry in ports):
        known = ", ".join(str(entry.get("name") or entry.get("port")) for entry in ports) or "none"
        message = f"{owner} routes to port {backend.port} of Service {backend.name}, which has the ports {known}"
        yield Violation(message, backend.port_path)
