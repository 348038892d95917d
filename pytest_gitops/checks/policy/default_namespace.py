"""Nothing lives in the namespace ``default``."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.rule import Scope, Violation, rule


@rule(
    "default-namespace",
    set="recommended",
    severity="warning",
    scope=Scope.CLUSTER,
    description="Objects are in a namespace of their own rather than in `default`, where neither access, quota nor "
    "network policy can be told apart. A repository that declares the Namespace `default` means it, and is not "
    "asked; one with many objects there is told once.",
    remedy="Set another `metadata.namespace`, or `spec.targetNamespace` of the Kustomization.",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#initial-namespaces",
    passing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
""",
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
---
apiVersion: v1
kind: Namespace
metadata: {name: default}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
"""
    ],
)
def default_namespace(cluster: ClusterIndex, *, many: int = 5) -> Iterator[Violation]:
    """Yield a violation for each object in ``default``, or one for all where there are more than ``many``."""
    if cluster.get("Namespace", "", "default") is not None:
        return
    found = [owned.resource for owned in cluster.resources if owned.resource.namespace == "default"]
    for resource in found if len(found) <= many else found[:1]:
        more = f" and {len(found) - 1} more are" if len(found) > many else " is"
        message = f"{resource.kind} {resource.name}{more} in the namespace default"
        yield Violation(message, ("metadata", "namespace"), resource)
