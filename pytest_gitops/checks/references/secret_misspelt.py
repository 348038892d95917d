"""Names of Secrets that are often made by hand are spelt like those that are there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping, mappings, pod_spec
from pytest_gitops.checks.references._lookup import doubtful, named
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import Resource

_SOURCES = ("GitRepository", "HelmRepository", "OCIRepository", "Bucket", "ImageRepository", "Provider", "Receiver")
_FIELDS = ("secretRef", "certSecretRef", "proxySecretRef")


@rule(
    "secret-misspelt",
    check="references",
    set="recommended",
    severity="warning",
    kinds=(*kinds.WORKLOADS, *_SOURCES, "ServiceAccount", "Ingress", "Gateway.gateway.networking.k8s.io"),
    description="The Secret for pulling images, of a TLS certificate, or of a Flux source, Provider or Receiver is not "
    "a likely misspelling of one that is there. Such Secrets are often made by hand, so that nothing is said of a name "
    "that is merely unknown.",
    remedy="Correct the name.",
    source="https://kubernetes.io/docs/concepts/configuration/secret/",
    passing=[
        """
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: apps}
spec: {url: "https://example.org", secretRef: {name: by-hand}}
"""
    ],
    failing=[
        """
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: apps}
spec: {url: "https://example.org", secretRef: {name: registri}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: registry, namespace: apps}
""",
        """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: apps}
spec: {tls: [{secretName: example-cart}]}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: example, namespace: apps}
spec: {secretName: example-cert}
""",
    ],
)
def secret_misspelt(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each name of a Secret that looks misspelt."""
    for value, path in _secrets(resource):
        if name := named(value):
            message = (
                f"{resource.kind} {resource.name} names the Secret {name}, which {resource.namespace} does not have"
            )
            yield from doubtful(context.cluster, "Secret", resource.namespace, name, message=message, path=path)


def _secrets(resource: Resource) -> Iterator[tuple[object, FieldPath]]:
    match resource.kind:
        case "ServiceAccount":
            for index, reference in mappings(resource.object.get("imagePullSecrets")):
                yield reference.get("name"), ("imagePullSecrets", index, "name")
        case "Ingress" if "cert-manager.io/" not in str(mapping(resource.object, "metadata").get("annotations")):
            for index, tls in mappings(resource.spec.get("tls")):
                yield tls.get("secretName"), ("spec", "tls", index, "secretName")
        case "Gateway" if "cert-manager.io/" not in str(mapping(resource.object, "metadata").get("annotations")):
            yield from _certificates(resource)
        case kind if kind in _SOURCES:
            for field in _FIELDS:
                yield mapping(resource.spec, field).get("name"), ("spec", field, "name")
        case kind if kind in kinds.WORKLOADS:
            where, pod = pod_spec(resource)
            for index, reference in mappings(pod.get("imagePullSecrets")):
                yield reference.get("name"), (*where, "imagePullSecrets", index, "name")


def _certificates(gateway: Resource) -> Iterator[tuple[object, FieldPath]]:
    for index, listener in mappings(gateway.spec.get("listeners")):
        for position, reference in mappings(mapping(listener, "tls").get("certificateRefs")):
            if reference.get("namespace") in (None, gateway.namespace) and reference.get("kind") in (None, "Secret"):
                yield reference.get("name"), ("spec", "listeners", index, "tls", "certificateRefs", position, "name")
