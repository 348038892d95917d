"""What a ResourceSet waits for is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource, group_of

# What flux-operator itself or Flux bring along may well be waited for, and isn't in Git.
_GROUPS = ("kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io", "fluxcd.controlplane.io")
_KINDS = ("Kustomization", "HelmRelease", "ResourceSet")


@rule(
    "resource-set-dependency",
    check="graph",
    set="essential",
    severity="error",
    kinds=("ResourceSet.fluxcd.controlplane.io",),
    description="Every Kustomization, HelmRelease and ResourceSet in a ResourceSet's `dependsOn` is one that the "
    "cluster has: one that is missing is waited for without end. Other kinds may be made by anyone, and aren't looked "
    "for.",
    remedy="Correct the kind, name or namespace of the `dependsOn` entry, or remove it.",
    source="https://fluxoperator.dev/docs/crd/resourceset/#dependency-management",
    passing=[
        """
apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata: {name: policies, namespace: flux-system}
spec: {resources: []}
---
apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata: {name: apps, namespace: flux-system}
spec:
  dependsOn:
    - {apiVersion: fluxcd.controlplane.io/v1, kind: ResourceSet, name: policies, namespace: flux-system, ready: true}
    - {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, name: helmreleases.helm.toolkit.fluxcd.io}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: infrastructure, namespace: flux-system}
spec: {interval: 1h, prune: true}
---
apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata: {name: apps, namespace: apps}
spec:
  dependsOn:
    - {apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, name: infrastructure, namespace: apps}
"""
    ],
)
def resource_set_dependency(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each dependency that the cluster doesn't have."""
    entries = resource.spec.get("dependsOn")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, dict) or not entry.get("name"):
            continue
        kind, group = str(entry.get("kind")), group_of(str(entry.get("apiVersion") or ""))
        if kind not in _KINDS or group not in _GROUPS:
            continue
        namespace, name = str(entry.get("namespace") or resource.namespace), str(entry["name"])
        message = f"ResourceSet {resource.name} depends on {kind} {namespace}/{name}, which the cluster does not have"
        yield from context.cluster.missing(
            f"{kind}.{group}",
            namespace,
            name,
            message=message,
            path=("spec", "dependsOn", index, "name"),
            besides=resource,
        )
