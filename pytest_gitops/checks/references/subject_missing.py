"""A binding grants to a service account that there is."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mappings
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

# Namespaces whose service accounts Kubernetes, its distribution or Flux's bootstrap makes.
_GIVEN = ("kube-system", "flux-system")


@rule(
    "subject-missing",
    check="references",
    set="essential",
    severity="error",
    kinds=("RoleBinding", "ClusterRoleBinding"),
    description="Every service account that a RoleBinding or ClusterRoleBinding grants to exists; the grant is "
    "void otherwise.",
    remedy="Create the ServiceAccount, or correct name and namespace of the subject.",
    source="https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects",
    passing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: reader, namespace: apps}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader, namespace: apps}
"""
    ],
    failing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: reader, namespace: apps}]
"""
    ],
)
def subject_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each service account that does not exist."""
    for index, subject in mappings(resource.get("subjects")):
        name = named(subject.get("name"))
        namespace = named(subject.get("namespace")) or resource.namespace
        if subject.get("kind") != "ServiceAccount" or not name or not namespace or namespace in _GIVEN:
            continue
        message = (
            f"{resource.kind} {resource.name} grants to the service account {namespace}/{name}, which does not exist"
        )
        here = any(owned.resource.namespace == namespace for owned in context.cluster.of_kind("ServiceAccount"))
        path = ("subjects", index, "name" if here or "namespace" not in subject else "namespace")
        yield from absent(context.cluster, "ServiceAccount", namespace, name, message=message, path=path)
