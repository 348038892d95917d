"""The Gateway that a route attaches to is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mappings
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.references.route_backend import ROUTES
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "route-parent",
    check="references",
    set="essential",
    severity="error",
    kinds=ROUTES,
    description="The Gateway that a route names in `parentRefs` exists, and has the listener. The route serves "
    "nothing otherwise.",
    remedy="Correct name, namespace or sectionName of the `parentRefs` entry, or create the Gateway.",
    source="https://gateway-api.sigs.k8s.io/api-types/httproute/#attaching-to-gateways",
    passing=[
        """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: apps}
spec: {parentRefs: [{name: public, namespace: network, sectionName: https}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: network}
spec: {listeners: [{name: https, port: 443}]}
"""
    ],
    failing=[
        """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: apps}
spec: {parentRefs: [{name: public, namespace: network}]}
""",
        """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: apps}
spec: {parentRefs: [{name: public, namespace: network, sectionName: http}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: network}
spec: {listeners: [{name: https, port: 443}]}
""",
    ],
)
def route_parent(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each Gateway, or listener of one, that does not exist."""
    for index, reference in mappings(resource.spec.get("parentRefs")):
        name = named(reference.get("name"))
        if not name or reference.get("kind", "Gateway") != "Gateway":
            continue
        namespace = str(reference.get("namespace") or resource.namespace)
        path = ("spec", "parentRefs", index)
        kind = "Gateway.gateway.networking.k8s.io"
        found = context.cluster.get(kind, namespace, name)
        if found is None:
            message = f"{resource.kind} {resource.name} attaches to Gateway {namespace}/{name}, which does not exist"
            yield from absent(context.cluster, kind, namespace, name, message=message, path=(*path, "name"))
            continue
        listeners = [str(listener.get("name")) for _, listener in mappings(found.resource.spec.get("listeners"))]
        section = named(reference.get("sectionName"))
        if section and section not in listeners:
            message = (
                f"{resource.kind} {resource.name} attaches to the listener {section} of Gateway {namespace}/{name}, "
                f"which has {', '.join(listeners) or 'none'}"
            )
            yield Violation(message, (*path, "sectionName"))
