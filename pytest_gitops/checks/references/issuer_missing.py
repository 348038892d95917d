"""The issuer of a certificate is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import Resource

_GROUP = "cert-manager.io"
_KINDS = (f"Issuer.{_GROUP}", f"ClusterIssuer.{_GROUP}")
_ANNOTATIONS = {"cert-manager.io/cluster-issuer": "ClusterIssuer", "cert-manager.io/issuer": "Issuer"}


@rule(
    "issuer-missing",
    check="references",
    set="essential",
    severity="error",
    kinds=("Certificate.cert-manager.io", "Ingress", "Gateway.gateway.networking.k8s.io"),
    description="The Issuer or ClusterIssuer of cert-manager that a Certificate, or an annotation of an Ingress or "
    "Gateway, names exists. Otherwise there is never a certificate. Nothing "
    "is said where the cluster has no issuer at all: they are made elsewhere.",
    remedy="Create the issuer, or correct its kind and name; the kind is Issuer unless `issuerRef.kind` says "
    "otherwise.",
    source="https://cert-manager.io/docs/usage/certificate/",
    passing=[
        """
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: apps}
spec: {secretName: web, issuerRef: {kind: ClusterIssuer, name: letsencrypt}}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: letsencrypt}
"""
    ],
    failing=[
        """
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: apps}
spec: {secretName: web, issuerRef: {name: letsencrypt}}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: letsencrypt}
""",
        """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: apps, annotations: {cert-manager.io/cluster-issuer: letsencrypt}}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: staging}
""",
    ],
)
def issuer_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where the issuer does not exist; none where all of them are made elsewhere."""
    if not any(context.cluster.of_kind(*_KINDS)):
        return
    for kind, name, path in _issuers(resource):
        if kind in _ANNOTATIONS.values() and name:
            namespace = "" if kind == "ClusterIssuer" else resource.namespace
            message = f"{resource.kind} {resource.name} names the {kind} {name}, which does not exist"
            yield from absent(
                context.cluster,
                f"{kind}.{_GROUP}",
                namespace,
                name,
                message=message,
                path=path,
                twin=_twin(context, resource.namespace, kind, name),
            )


def _issuers(resource: Resource) -> Iterator[tuple[str, str, FieldPath]]:
    if resource.kind == "Certificate":
        reference = mapping(resource.spec, "issuerRef")
        if reference.get("group") in (None, _GROUP):
            yield str(reference.get("kind") or "Issuer"), named(reference.get("name")), ("spec", "issuerRef", "name")
        return
    annotations = mapping(resource.object, "metadata", "annotations")
    if _GROUP not in str(annotations.get("cert-manager.io/issuer-group", _GROUP)):
        return
    for annotation, kind in _ANNOTATIONS.items():
        yield kind, named(annotations.get(annotation)), ("metadata", "annotations", annotation)


def _twin(context: Context, namespace: str, kind: str, name: str) -> str:
    """What has the name, but is of the other kind."""
    other, where = ("ClusterIssuer", "") if kind == "Issuer" else ("Issuer", namespace)
    return f"the {other} {name}" if context.cluster.get(f"{other}.{_GROUP}", where, name) else ""
