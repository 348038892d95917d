"""The store of an ExternalSecret is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex, Context
from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.references._lookup import Used, absent, doubtful, named, often
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
    "never made. Where the cluster has no store at all, as they are made elsewhere, only a name is told that looks "
    "like a misspelling of one that others use.",
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
""",
        """
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: web, namespace: apps}
spec: {secretStoreRef: {kind: ClusterSecretStore, name: valut}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: api, namespace: apps}
spec: {secretStoreRef: {kind: ClusterSecretStore, name: vault}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: shop, namespace: shop}
spec: {secretStoreRef: {kind: ClusterSecretStore, name: vault}}
""",
    ],
)
def secret_store_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where the store does not exist; where all are made elsewhere, if its name looks misspelt."""
    kind, name = _store(resource)
    if kind not in _STORES or not name:
        return
    namespace = "" if kind == "ClusterSecretStore" else resource.namespace
    message = f"ExternalSecret {resource.name} names the {kind} {name}, which does not exist"
    path = ("spec", "secretStoreRef", "name")
    wanted = f"{kind}.{_GROUP}"
    known = often(context.cluster.memo(_used), (kind, namespace), name)
    if not any(context.cluster.of_kind(*(f"{store}.{_GROUP}" for store in _STORES))):
        message = f"ExternalSecret {resource.name} names the {kind} {name}, which nothing else does"
        yield from doubtful(context.cluster, wanted, namespace, name, message=message, path=path, known=known)
        return
    twin = _twin(context, resource.namespace, kind, name)
    yield from absent(context.cluster, wanted, namespace, name, message=message, path=path, known=known, twin=twin)


def _store(resource: Resource) -> tuple[str, str]:
    reference = mapping(resource.spec, "secretStoreRef")
    return str(reference.get("kind") or _STORES[0]), named(reference.get("name"))


def _used(cluster: ClusterIndex) -> Used:
    """Count the names of stores, by their kind and namespace."""
    secrets = [owned.resource for owned in cluster.of_kind(f"ExternalSecret.{_GROUP}")]
    stores = ((*_store(secret), secret.namespace) for secret in secrets)
    return Counter(
        ((kind, "" if kind == "ClusterSecretStore" else namespace), name) for kind, name, namespace in stores
    )


def _twin(context: Context, namespace: str, kind: str, name: str) -> str:
    """What has the name, but is of the other kind."""
    other, where = ("ClusterSecretStore", "") if kind == "SecretStore" else ("SecretStore", namespace)
    return f"the {other} {name}" if context.cluster.get(f"{other}.{_GROUP}", where, name) else ""
