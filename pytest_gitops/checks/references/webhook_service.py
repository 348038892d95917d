"""The Service that the API server asks is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import JsonObject, Resource

_HTTPS = 443


@rule(
    "webhook-service",
    check="references",
    set="essential",
    severity="error",
    kinds=("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService"),
    description="The Service that a webhook or APIService names exists and has the port. Otherwise requests fail, or, "
    "with `failurePolicy: Ignore`, nothing is ever checked.",
    remedy="Correct name, namespace or port, or create the Service.",
    source="https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#service-reference",
    passing=[
        """
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.metrics.example.org}
spec: {service: {name: metrics, namespace: apps}}
---
apiVersion: v1
kind: Service
metadata: {name: metrics, namespace: apps}
spec: {ports: [{port: 443}]}
"""
    ],
    failing=[
        """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: web}
webhooks: [{name: web.example.org, clientConfig: {service: {name: web, namespace: apps}}}]
""",
        """
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.metrics.example.org}
spec: {service: {name: metrics, namespace: apps}}
---
apiVersion: v1
kind: Service
metadata: {name: metrics, namespace: apps}
spec: {ports: [{port: 8443}]}
""",
    ],
)
def webhook_service(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each Service that does not exist, or lacks the port."""
    for path, reference in _services(resource):
        namespace, name = named(reference.get("namespace")), named(reference.get("name"))
        if not namespace or not name:
            continue
        found, asks = context.cluster.get("Service", namespace, name), f"{resource.kind} {resource.name} asks"
        if found is None:
            message = f"{asks} Service {name}, which {namespace} does not have"
            where = (*path, "name")
            yield from absent(context.cluster, "Service", namespace, name, message=message, path=where)
            continue
        port = reference.get("port") or _HTTPS
        ports = [entry.get("port") for _, entry in mappings(found.resource.spec.get("ports"))]
        if ports and isinstance(port, int) and port not in ports:
            listed = ", ".join(map(str, ports))
            message = f"{asks} port {port} of Service {namespace}/{name}, which has the ports {listed}"
            yield Violation(message, (*path, "port"))


def _services(resource: Resource) -> Iterator[tuple[FieldPath, JsonObject]]:
    yield ("spec", "service"), mapping(resource.spec, "service")
    for index, webhook in mappings(resource.object.get("webhooks")):
        yield ("webhooks", index, "clientConfig", "service"), mapping(webhook, "clientConfig", "service")
