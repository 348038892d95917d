"""Nobody is bound to cluster-admin."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "rbac-cluster-admin",
    set="strict",
    severity="warning",
    kinds=("RoleBinding", "ClusterRoleBinding"),
    description="No binding gives `cluster-admin`, within a namespace or in all of the cluster.",
    remedy="Bind to a role that grants what is needed.",
    source="https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege",
    passing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: web, namespace: apps}]
""",
    ],
    failing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: web, namespace: apps}]
""",
    ],
)
def rbac_cluster_admin(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for a binding to cluster-admin."""
    reference = mapping(resource.object, "roleRef")
    if reference.get("kind") == "ClusterRole" and reference.get("name") == "cluster-admin":
        yield Violation(f"{resource.kind} {resource.name} gives cluster-admin", ("roleRef", "name"))
