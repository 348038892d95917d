"""The source of a chart is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context, is_unknown
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._lookup import absent
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import JsonObject, Resource

# The kinds that may be named; of any other, the schema tells.
_CHARTS = ("HelmRepository", "GitRepository", "Bucket")
_ARTIFACTS = ("OCIRepository", "HelmChart", "ExternalArtifact")


@rule(
    "chart-source-missing",
    check="references",
    set="essential",
    severity="error",
    kinds=("HelmRelease", "HelmChart"),
    description="The source that a HelmRelease or HelmChart names in `chartRef` or `sourceRef` exists. Without "
    "it no chart "
    "is ever fetched.",
    remedy="Create the source, or correct kind, name and namespace of the reference.",
    source="https://fluxcd.io/flux/components/helm/helmreleases/#chart-reference",
    passing=[
        """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {chartRef: {kind: OCIRepository, name: web}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web, namespace: apps}
spec: {url: "oci://example.org/web"}
"""
    ],
    failing=[
        """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {chart: {spec: {chart: web, sourceRef: {kind: HelmRepository, name: charts}}}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux-system}
spec: {url: "https://example.org/charts"}
"""
    ],
)
def chart_source_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where the source of the chart does not exist."""
    for path, reference, kinds in _references(resource):
        kind, name = str(reference.get("kind") or ""), str(reference.get("name") or "")
        namespace = str(reference.get("namespace") or resource.namespace)
        if kind not in kinds or not name or is_unknown(name) or _exists(context, kind, namespace, name):
            continue
        message = (
            f"{resource.kind} {resource.name} takes its chart from {kind} {namespace}/{name}, which does not exist"
        )
        where = (*path, "name")
        yield from absent(context.cluster, kind, namespace, name, message=message, path=where, besides=resource)


def _exists(context: Context, kind: str, namespace: str, name: str) -> bool:
    if context.cluster.get(kind, namespace, name) is not None:
        return True
    if kind == "ExternalArtifact":
        return _is_generated(context, namespace, name)
    # A bootstrapped cluster has its own source, which the repository need not declare.
    sources = (source.id for source in context.cluster.cluster.sources)
    return any((id.kind, id.namespace, id.name) == (kind, namespace, name) for id in sources)


def _is_generated(context: Context, namespace: str, name: str) -> bool:
    """An ArtifactGenerator lists the artifacts it makes; without one, some other controller makes them."""
    generators = [g.resource for g in context.cluster.of_kind("ArtifactGenerator") if g.resource.namespace == namespace]
    listed = [artifact.get("name") for g in generators for _, artifact in mappings(g.spec.get("artifacts"))]
    return name in listed or not generators


def _references(resource: Resource) -> Iterator[tuple[FieldPath, JsonObject, tuple[str, ...]]]:
    spec = resource.spec
    if resource.kind == "HelmChart":
        yield ("spec", "sourceRef"), mapping(spec, "sourceRef"), _CHARTS
        return
    yield ("spec", "chartRef"), mapping(spec, "chartRef"), _ARTIFACTS
    yield ("spec", "chart", "spec", "sourceRef"), mapping(spec, "chart", "spec", "sourceRef"), _CHARTS
