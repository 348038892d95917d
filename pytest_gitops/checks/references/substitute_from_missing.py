"""What a Kustomization takes its variables from is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._lookup import absent, named, near
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource, Severity


@rule(
    "substitute-from-missing",
    check="references",
    set="essential",
    severity="error",
    kinds=("Kustomization",),
    description="Every ConfigMap and Secret that a Kustomization names in `postBuild.substituteFrom` exists in "
    "its namespace, unless "
    "it is optional; nothing is applied otherwise. A Secret is often made by hand, where Git does not see it, so "
    "one that is "
    "missing is told only where a name like it exists.",
    remedy="Create it in the namespace of the Kustomization, correct its name, or mark the entry `optional: true`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 1h
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-vars, optional: true}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 1h
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-vars}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
"""
    ],
)
def substitute_from_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each entry whose object does not exist. Flux reads them in its own cluster, the hub."""
    hub = context.cluster.targets[""]
    for index, entry in mappings(mapping(resource.spec, "postBuild").get("substituteFrom")):
        kind, name = named(entry.get("kind")), named(entry.get("name"))
        if kind not in ("ConfigMap", "Secret") or not name or entry.get("optional") is True:
            continue
        owner = f"Kustomization {resource.name}"
        message = f"{owner} takes variables from {kind} {name}, which {resource.namespace} does not have"
        severity = None
        if kind == "Secret":
            severity = Severity.WARNING if near(hub, kind, resource.namespace, name) else Severity.INFO
        path = ("spec", "postBuild", "substituteFrom", index, "name")
        yield from absent(hub, kind, resource.namespace, name, message=message, path=path, severity=severity)
