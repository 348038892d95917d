"""Substitution leaves text where text must be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, ScalarNode

from pytest_gitops.checks.context import ClusterIndex, Context
from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.locating import Locator
from pytest_gitops.checks.overlay_file import document_of
from pytest_gitops.checks.pods import all_containers, mapping, mappings, pod_template
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.checks.sources import child
from pytest_gitops.model import JsonObject, Resource

_OWN_LABELS = "kustomize.toolkit.fluxcd.io/"
_LABELS = re.compile(r"\blabels:")
_TEXTS: dict[str, tuple[str, ...]] = {"ConfigMap": ("data", "binaryData"), "Secret": ("data", "stringData")}


@rule(
    "substituted-type",
    set="essential",
    supersedes=("schema-type",),
    severity="error",
    description="A substituted variable gives text where Kubernetes wants text: ConfigMap and Secret data, labels, "
    'annotations and environment values. Substitution drops the quotes around `"${PORT}"`, and a value of `8080` '
    "or `true` becomes a number or a boolean, which the API server refuses.",
    remedy="Keep the quotes: set `quote: '\"'` in the Kustomization's `spec.postBuild.substitute`, and write "
    "`${quote}${VARIABLE}${quote}`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: example, namespace: flux-system}
spec:
  interval: 1h
  prune: true
  path: ./example
  postBuild: {substitute: {quote: '"', port: "8080"}}
  sourceRef: {kind: GitRepository, name: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
data:
  port: ${quote}${port}${quote}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: example, namespace: flux-system}
spec:
  interval: 1h
  prune: true
  path: ./example
  postBuild: {substitute: {quote: '"', port: "8080"}}
  sourceRef: {kind: GitRepository, name: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
data:
  port: "${port}"
"""
    ],
)
def substituted_type(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each number or boolean that a variable put where text must be."""
    if not _has_variables(resource, context):
        return
    for path, value in _texts(resource):
        if isinstance(value, bool | int | float) and _is_substituted(resource, path, context):
            kind = "boolean" if isinstance(value, bool) else "number"
            yield Violation(f"{path[-1]} is a {kind} after substitution, where text must be", path)
    yield from _lost_labels(resource, context)


def _lost_labels(resource: Resource, context: Context) -> Iterator[Violation]:
    """Labels with a value that is no text are dropped, all of them, where kustomize-controller adds its own."""
    if any(not key.startswith(_OWN_LABELS) for key in resource.labels):
        return
    labels = child(_source(resource, context), "metadata", "labels")
    for key, value in labels.value if isinstance(labels, MappingNode) else ():
        if isinstance(value, ScalarNode) and "${" in value.value:
            message = f"label {key.value} is no text after substitution, so that the object loses all its labels"
            yield Violation(message, ("metadata", "labels", key.value))


def _source(resource: Resource, context: Context) -> Node | None:
    """Return the document the object was made from; None where it can't have a label with a variable."""
    files = context.fleet.files
    if resource.origin is None:
        return None
    text = files[resource.origin].text
    labels = _LABELS.search(text) if "${" in text else None
    return document_of(files, resource.origin, resource) if labels and "${" in text[labels.end() :] else None


def _has_variables(resource: Resource, context: Context) -> bool:
    return id(resource) in context.cluster.memo(_with_variables)


def _with_variables(cluster: ClusterIndex) -> frozenset[int]:
    """Return the identities of the objects that substitution found a variable in."""
    renders = [kustomization.rendered for kustomization in cluster.kustomizations]
    return frozenset(
        id(rendered.resources[index])
        for rendered in renders
        if rendered is not None
        for variable in rendered.variables
        for index in variable.resources
    )


def _is_substituted(resource: Resource, path: FieldPath, context: Context) -> bool:
    source = Locator(context.fleet.files).text(context.cluster, resource, path, context.owner)
    return source is not None and "${" in source


def _texts(resource: Resource) -> Iterator[tuple[FieldPath, object]]:
    """Yield the values of an object that must be text, whatever else its schema says."""
    obj = resource.object
    yield from _metadata((), obj)
    for field in _TEXTS.get(resource.kind, ()) if not resource.id.group else ():
        yield from _values((field,), mapping(obj, field))
    if resource.kind in WORKLOADS:
        path, template = pod_template(resource)
        if path:
            yield from _metadata(path, template)
        for where, container in all_containers(resource):
            for index, variable in mappings(container.get("env")):
                yield (*where, "env", index, "value"), variable.get("value")


def _metadata(path: FieldPath, holder: JsonObject) -> Iterator[tuple[FieldPath, object]]:
    for field in ("labels", "annotations"):
        yield from _values((*path, "metadata", field), mapping(holder, "metadata", field))


def _values(path: FieldPath, values: JsonObject) -> Iterator[tuple[FieldPath, object]]:
    return (((*path, key), value) for key, value in values.items())
