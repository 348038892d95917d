"""No two Ingresses route the same host and path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._lookup import named
from pytest_gitops.checks.rule import FieldPath, Scope, Violation, rule
from pytest_gitops.model import Resource

# Annotations by which several Ingresses are meant to share a host and path.
_SHARED = ("canary", "mergeable-ingress-type", "group.name", "traffic-split")
Route = tuple[str, str, str]


@rule(
    "ingress-conflict",
    check="references",
    set="recommended",
    severity="warning",
    scope=Scope.CLUSTER,
    description="No two Ingresses of one class route the same host and path. Which of them counts is up to the "
    "controller: that of ingress-nginx refuses the second one, others take the older one, or any.",
    remedy="Give one of them another host or path, or remove it.",
    source="https://kubernetes.io/docs/concepts/services-networking/ingress/#name-based-virtual-hosting",
    passing=[
        """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: apps}
spec: {rules: [{host: example.com, http: {paths: [{path: /, pathType: Prefix}]}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: api, namespace: apps}
spec: {rules: [{host: example.com, http: {paths: [{path: /api, pathType: Prefix}]}}]}
"""
    ],
    failing=[
        """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: apps}
spec: {rules: [{host: example.com, http: {paths: [{path: /, pathType: Prefix}]}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: api, namespace: apps}
spec: {rules: [{host: example.com, http: {paths: [{path: /, pathType: Prefix}]}}]}
"""
    ],
)
def ingress_conflict(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield a violation for each later Ingress that routes what an earlier one does."""
    for target in cluster.targets.values():
        routes: dict[Route, dict[str, Resource]] = defaultdict(dict)
        for owned in target.of_kind("Ingress"):
            ingress = owned.resource
            for route, path in () if _is_shared(ingress) else _routes(ingress):
                others = routes[route]
                if others and str(ingress.id) not in others:
                    message = f"Ingress {ingress.name} routes the host and path that {next(iter(others))} routes"
                    yield Violation(message, path, ingress)
                others[str(ingress.id)] = ingress


def _routes(ingress: Resource) -> Iterator[tuple[Route, FieldPath]]:
    annotations = mapping(ingress.object, "metadata", "annotations")
    kind = named(ingress.spec.get("ingressClassName") or annotations.get("kubernetes.io/ingress.class"))
    for index, entry in mappings(ingress.spec.get("rules")):
        host = named(entry.get("host"))
        for position, path in mappings(mapping(entry, "http").get("paths")):
            # Without a host, what is meant is often told by other means, such as the address that is asked.
            if host:
                yield (kind, host, str(path.get("path") or "/")), ("spec", "rules", index, "http", "paths", position)


def _is_shared(ingress: Resource) -> bool:
    return any(word in name for word in _SHARED for name in ingress.annotations)
