"""An Ingress routes to Services and ports that there are."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._lookup import named
from pytest_gitops.checks.references._services import Backend, unreachable
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import JsonObject, Resource


@rule(
    "ingress-backend",
    check="references",
    set="essential",
    severity="error",
    kinds=("Ingress",),
    description="Every Service that an Ingress routes to exists in its namespace and has the port; requests get "
    "an error otherwise.",
    remedy="Correct the name or port of the backend, or create the Service.",
    source="https://kubernetes.io/docs/concepts/services-networking/ingress/#resource-backend",
    passing=[
        """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: apps}
spec: {rules: [{http: {paths: [{backend: {service: {name: web, port: {name: http}}}}]}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
"""
    ],
    failing=[
        """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: apps}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
""",
        """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: apps}
spec: {rules: [{http: {paths: [{backend: {service: {name: web, port: {number: 8080}}}}]}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
""",
    ],
)
def ingress_backend(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each backend whose Service or port does not exist."""
    for path, service in _backends(resource):
        if name := named(service.get("name")):
            port = mapping(service, "port")
            field = "number" if "number" in port else "name"
            names = ((*path, "name"), (*path, "port", field))
            backend = Backend(resource.namespace, name, port.get(field), *names)
            yield from unreachable(context.cluster, resource, backend)


def _backends(resource: Resource) -> Iterator[tuple[FieldPath, JsonObject]]:
    spec = resource.spec
    yield ("spec", "defaultBackend", "service"), mapping(spec, "defaultBackend", "service")
    for index, entry in mappings(spec.get("rules")):
        for position, path in mappings(mapping(entry, "http").get("paths")):
            where = ("spec", "rules", index, "http", "paths", position, "backend", "service")
            yield where, mapping(path, "backend", "service")
