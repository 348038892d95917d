"""A namespaced object says which namespace it is in."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import NAMESPACED
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "namespace-unset",
    set="essential",
    severity="error",
    kinds=tuple(NAMESPACED),
    description="A namespaced object has a namespace: kustomize-controller fills none in, and fails with "
    "`namespace not specified`.",
    remedy="Set `metadata.namespace`, `namespace` in a kustomization file, or `spec.targetNamespace` of the "
    "Kustomization.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#target-namespace",
    passing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
---
apiVersion: v1
kind: Namespace
metadata: {name: apps}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
"""
    ],
)
def namespace_unset(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for an object of a namespaced kind that has no namespace."""
    if not resource.namespace:
        yield Violation(f"{resource.kind} {resource.name} has no namespace", ("metadata", "namespace"))
