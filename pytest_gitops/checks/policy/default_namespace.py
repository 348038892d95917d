"""Nothing lives in the namespace ``default``."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import NAMESPACED
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "default-namespace",
    set="recommended",
    severity="warning",
    kinds=tuple(NAMESPACED),
    description="Objects are in a namespace of their own rather than in `default`, where neither access, quota nor "
    "network policy can be told apart.",
    remedy="Set another `metadata.namespace`, or `spec.targetNamespace` of the Kustomization.",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#initial-namespaces",
    passing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
"""
    ],
)
def default_namespace(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for an object in ``default``."""
    if resource.namespace == "default":
        yield Violation(f"{resource.kind} {resource.name} is in the namespace default", ("metadata", "namespace"))
