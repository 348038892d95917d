"""A binding grants a role that there is."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks import given
from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "role-missing",
    check="references",
    set="essential",
    severity="error",
    kinds=("RoleBinding", "ClusterRoleBinding"),
    description="The role that a RoleBinding or ClusterRoleBinding grants exists; it grants nothing otherwise.",
    remedy="Create the role, or correct kind and name of `roleRef`.",
    source="https://kubernetes.io/docs/reference/access-authn-authz/rbac/#rolebinding-and-clusterrolebinding",
    passing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: deployer, namespace: apps}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: Group, name: deployers, apiGroup: rbac.authorization.k8s.io}]
""",
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: metrics-server-auth-reader, namespace: kube-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: extension-apiserver-authentication-reader}
subjects: [{kind: ServiceAccount, name: metrics-server, namespace: kube-system}]
""",
    ],
    failing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: deployer, namespace: apps}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}
subjects: [{kind: Group, name: deployers, apiGroup: rbac.authorization.k8s.io}]
"""
    ],
)
def role_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where the role does not exist."""
    reference = mapping(resource.object, "roleRef")
    kind, name = named(reference.get("kind")), named(reference.get("name"))
    if kind not in ("Role", "ClusterRole") or not name or name.startswith("system:"):
        return
    if kind == "ClusterRole" and name in given.CLUSTER_ROLES:
        return
    namespace = resource.namespace if kind == "Role" else ""
    if kind == "Role" and (namespace, name) in given.ROLES:
        return
    message = f"{resource.kind} {resource.name} grants {kind} {name}, which does not exist"
    yield from absent(
        context.cluster,
        kind,
        namespace,
        name,
        message=message,
        path=("roleRef", "name"),
        known=given.CLUSTER_ROLES if kind == "ClusterRole" else (),
        twin=_twin(kind, name, context),
    )


def _twin(kind: str, name: str, context: Context) -> str:
    if kind == "Role" and (name in given.CLUSTER_ROLES or context.cluster.get("ClusterRole", "", name)):
        return f"the ClusterRole {name}"
    return ""
