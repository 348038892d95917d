"""A Gateway API route leads from a Gateway to Services and ports that there are."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mappings
from pytest_gitops.checks.references._lookup import named
from pytest_gitops.checks.references._services import Backend, unreachable
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

ROUTES = tuple(
    f"{kind}.gateway.networking.k8s.io" for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
)


@rule(
    "route-backend",
    check="references",
    set="essential",
    severity="error",
    kinds=ROUTES,
    description="Every Service that a Gateway API route leads to exists and has the port; requests get an error "
    "otherwise.",
    remedy="Correct name, namespace or port of the `backendRefs` entry, or create the Service.",
    source="https://gateway-api.sigs.k8s.io/api-types/httproute/#backendrefs-optional",
    passing=[
        """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: apps}
spec: {rules: [{backendRefs: [{name: web, port: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
"""
    ],
    failing=[
        """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: apps}
spec: {rules: [{backendRefs: [{name: web, port: 81}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
"""
    ],
)
def route_backend(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each backend whose Service or port does not exist."""
    for index, entry in mappings(resource.spec.get("rules")):
        for position, reference in mappings(entry.get("backendRefs")):
            name = named(reference.get("name"))
            if name and reference.get("kind", "Service") == "Service" and not reference.get("group"):
                namespace = str(reference.get("namespace") or resource.namespace)
                path = ("spec", "rules", index, "backendRefs", position)
                backend = Backend(namespace, name, reference.get("port"), (*path, "name"), (*path, "port"))
                yield from unreachable(context.cluster, resource, backend)
