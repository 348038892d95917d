"""The store of an ExternalSecret is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

_GROUP = "external-secrets.io"
_STORES = ("SecretStore", "ClusterSecretStore")


@rule(
    "secret-store-missing",
    check="references",
    set="essential",
    severity="error",
    kinds=(f"ExternalSecret.{_GROUP}",),
    description="The SecretStore or ClusterSecretStore that an ExternalSecret names exists. Otherwise its Secret is "
    "never made. Nothing is said where the cluster has no store at all: they are made elsewhere.",
    remedy="Create the store, or correct its kind and name; the kind is SecretStore unless `secretStoreRef.kind` says "
    "otherwise.",
    source="https://external-secrets.io/latest/api/externalsecret/",
    passing=[
        """
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: web, namespace: apps}
spec: {secretStoreRef: {kind: ClusterSecretStore, name: vault}}
---
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
"""
    ],
    failing=[
        """
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: web, namespace: apps}
spec: {secretStoreRef: {name: vault}}
---
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
"""
    ],
)
def secret_store_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where the store does not exist; none where all of them are made elsewhere."""
    if not any(context.cluster.of_kind(*(f"{store}.{_GROUP}" for store in _STORES))):
        return
    reference = mapping(resource.spec, "secretStoreRef")
    kind, name = str(reference.get("kind") or _STORES[0]), named(reference.get("name"))
    if kind in _STORES and name:
        namespace = "" if kind == "ClusterSecretStore" else resource.namespace
        message = f"ExternalSecret {resource.name} names the {kind} {name}, which does not exist"
        path = ("spec", "secretStoreRef", "name")
        yield from absent(
            context.cluster,
            f"{kind}.{_GROUP}",
            namespace,
            name,
            message=message,
            path=path,
            twin=_twin(context, resource.namespace, kind, name),
        )


def _twin(context: Context, namespace: str, kind: str, name: str) -> str:
    """What has the name, but is of the other kind."""
    other, where = ("ClusterSecretStore", "") if kind == "SecretStore" else ("SecretStore", namespace)
    return f"the {other} {name}" if context.cluster.get(f"{other}.{_GROUP}", where, name) else ""
