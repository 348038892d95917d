"""The issuer of a certificate is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex, Context
from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.references._lookup import Used, absent, doubtful, named, often
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import Resource

_GROUP = "cert-manager.io"
_KINDS = (f"Issuer.{_GROUP}", f"ClusterIssuer.{_GROUP}")
_NAMING = ("Certificate.cert-manager.io", "Ingress", "Gateway.gateway.networking.k8s.io")
_ANNOTATIONS = {"cert-manager.io/cluster-issuer": "ClusterIssuer", "cert-manager.io/issuer": "Issuer"}


@rule(
    "issuer-missing",
    check="references",
    set="essential",
    severity="error",
    kinds=_NAMING,
    description="The Issuer or ClusterIssuer of cert-manager that a Certificate, or an annotation of an Ingress or "
    "Gateway, names exists. Otherwise there is never a certificate. Where "
    "the cluster has no issuer at all, as they are made elsewhere, only a name is told that looks like a misspelling "
    "of one that others use.",
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
        """
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: apps}
spec: {secretName: web, issuerRef: {kind: ClusterIssuer, name: letsencrpyt}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: api, namespace: apps}
spec: {secretName: api, issuerRef: {kind: ClusterIssuer, name: letsencrypt}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: apps}
spec: {secretName: shop, issuerRef: {kind: ClusterIssuer, name: letsencrypt}}
""",
    ],
)
def issuer_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where the issuer does not exist; where all are made elsewhere, if its name looks misspelt."""
    made_here = any(context.cluster.of_kind(*_KINDS))
    for kind, name, path in _issuers(resource):
        if kind not in _ANNOTATIONS.values() or not name:
            continue
        namespace = "" if kind == "ClusterIssuer" else resource.namespace
        message = f"{resource.kind} {resource.name} names the {kind} {name}, which "
        known = often(context.cluster.memo(_used), (kind, namespace), name)
        wanted = f"{kind}.{_GROUP}"
        if made_here:
            message, twin = f"{message}does not exist", _twin(context, resource.namespace, kind, name)
            yield from absent(
                context.cluster, wanted, namespace, name, message=message, path=path, known=known, twin=twin
            )
        else:
            message = f"{message}nothing else does"
            yield from doubtful(context.cluster, wanted, namespace, name, message=message, path=path, known=known)


def _used(cluster: ClusterIndex) -> Used:
    """Count the names of issuers, by their kind and namespace."""
    return Counter(
        ((kind, "" if kind == "ClusterIssuer" else owned.resource.namespace), name)
        for owned in cluster.of_kind(*_NAMING)
        for kind, name, _path in _issuers(owned.resource)
        if name
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
