"""What a HelmRelease takes its values from is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource, Severity
from pytest_gitops.variables import COPY


@rule(
    "values-from-missing",
    check="references",
    set="essential",
    severity="error",
    kinds=("HelmRelease",),
    description="Every ConfigMap and Secret that a HelmRelease names in `valuesFrom` exists and has the key, "
    "unless it is "
    "optional. helm-controller fails the release otherwise.",
    remedy="Create it, correct its name or `valuesKey`, or mark the entry `optional: true`.",
    source="https://fluxcd.io/flux/components/helm/helmreleases/#values-references",
    passing=[
        """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {valuesFrom: [{kind: ConfigMap, name: values}, {kind: Secret, name: extra, optional: true}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: apps}
data: {values.yaml: "replicas: 1"}
"""
    ],
    failing=[
        """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {valuesFrom: [{kind: ConfigMap, name: values, valuesKey: prod.yaml}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: apps}
data: {values.yaml: "replicas: 1"}
"""
    ],
)
def values_from_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each entry whose object or key does not exist."""
    for index, entry in mappings(resource.spec.get("valuesFrom")):
        kind, name = named(entry.get("kind")), named(entry.get("name"))
        if kind not in ("ConfigMap", "Secret") or not name or entry.get("optional") is True:
            continue
        path = ("spec", "valuesFrom", index, "name")
        found = context.cluster.get(kind, resource.namespace, name)
        if found is None:
            message = f"HelmRelease {resource.name} takes values from {kind} {name}, which does not exist"
            severity = Severity.WARNING if kind == "Secret" else None
            yield from absent(
                context.cluster,
                kind,
                resource.namespace,
                name,
                message=message,
                path=path,
                severity=severity,
                besides=resource,
            )
            continue
        key = str(entry.get("valuesKey") or "values.yaml")
        fields = ("data", "binaryData", "stringData")
        copied = COPY in found.resource.annotations
        if not copied and not any(key in mapping(found.resource.object, field) for field in fields):
            message = (
                f"HelmRelease {resource.name} takes values from the key {key} of {kind} {name}, which has no such key"
            )
            yield Violation(message, ("spec", "valuesFrom", index, "valuesKey" if "valuesKey" in entry else "name"))
