"""What a workload may do through the API: the rights of the service account that it runs as."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.pods import pod_spec
from pytest_gitops.model import JsonObject, Resource
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.review.dangers._aggregation import rules_of
from pytest_gitops.review.dangers._grants import grants

_ADMIN = "cluster-admin"


def account_of(resource: Resource) -> str:
    """Return the name of the service account that a workload's pods run as."""
    _, spec = pod_spec(resource)
    return scalar(spec, "serviceAccountName") or scalar(spec, "serviceAccount") or "default"


def dangerous_rights(namespace: str, account: str, cluster: ClusterIndex) -> list[str]:
    """Return the rights that lead to more which Git binds to an account: ``cluster-admin``, ``get secrets``."""
    found: list[str] = []
    for owned in cluster.of_kind("ClusterRoleBinding", "RoleBinding"):
        binding = owned.resource.object
        if _names(binding, namespace, account):
            found += _of_role(mapping(binding, "roleRef"), owned.resource.namespace, cluster)
    return list(dict.fromkeys(found))


def _names(binding: JsonObject, namespace: str, account: str) -> bool:
    """Tell whether a binding is for an account, by its name or with all of its namespace."""
    for subject in listed(binding, "subjects"):
        kind, name = scalar(subject, "kind"), scalar(subject, "name")
        if kind == "ServiceAccount" and (scalar(subject, "namespace"), name) == (namespace, account):
            return True
        if kind == "Group" and name in ("system:serviceaccounts", f"system:serviceaccounts:{namespace}"):
            return True
    return False


def _of_role(reference: JsonObject, namespace: str, cluster: ClusterIndex) -> Iterator[str]:
    kind, name = scalar(reference, "kind"), scalar(reference, "name")
    if kind == "ClusterRole" and name == _ADMIN:
        yield _ADMIN
    owned = cluster.get(kind, namespace if kind == "Role" else "", name) if kind else None
    rules = rules_of(owned.resource.object, cluster) if owned else []
    yield from (str(grant) for grant in grants(rules) if grant.is_dangerous)
