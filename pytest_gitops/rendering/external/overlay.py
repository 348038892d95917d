"""Writes what a Flux Kustomization asks for as a kustomization laid over the directory it renders."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from typing import Any

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering.external import kubeyaml
from pytest_gitops.rendering.external.kustomization_file import is_remote, resolve
from pytest_gitops.rendering.external.workspace import Workspace
from pytest_gitops.rendering.protocol import Index

ORIGIN = "config.kubernetes.io/origin"
TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"
_OWNER = "kustomize.toolkit.fluxcd.io"


def overlay(spec: Mapping[str, Any], path: str, workspace: Workspace, up: str) -> str:
    """Return a kustomization file, as JSON, that renders ``path`` with the fields of a Kustomization's spec.

    ``up`` is how the tree's root is reached from where the file will be.
    """
    content: JsonObject = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "buildMetadata": ["originAnnotations", "transformerAnnotations"],
        "sortOptions": {"order": "fifo"},  # as Flux's kustomize does; the tools' own default sorts by kind
        **_target(path, workspace, up),
    }
    for field, flux_field in (("namespace", "targetNamespace"), ("namePrefix",) * 2, ("nameSuffix",) * 2):
        if spec.get(flux_field):
            content[field] = spec[flux_field]
    for field in ("patches", "images"):
        if spec.get(field):
            content[field] = spec[field]
    if components := _components(spec, path, workspace.index):
        content["components"] = [*content.get("components", []), *(_below(up, c) for c in components)]
    return json.dumps(content)


def own(object: JsonObject, kustomization: JsonObject) -> None:
    """Give an object the labels and annotations that kustomize-controller gives to what a Kustomization renders."""
    metadata = kustomization.get("metadata") or {}
    common = (kustomization.get("spec") or {}).get("commonMetadata") or {}
    owner = {f"{_OWNER}/name": metadata.get("name", ""), f"{_OWNER}/namespace": metadata.get("namespace", "")}
    for field, added in (
        ("labels", {**(common.get("labels") or {}), **owner}),
        ("annotations", common.get("annotations")),
    ):
        if added:
            target = object.setdefault("metadata", {})
            target[field] = {**(target.get(field) or {}), **added}


def local_components(spec: Mapping[str, Any], path: str) -> list[str]:
    """Return the components that a Kustomization's spec adds, relative to the tree's root, less the remote ones."""
    named = [str(component) for component in spec.get("components") or ()]
    resolved = [resolve(path, name) for name in named if not is_remote(name)]
    return [name for name in resolved if name is not None]


def _target(path: str, workspace: Workspace, up: str) -> JsonObject:
    for indexed in workspace.index.overlays:
        if indexed.path == path:
            field = "components" if indexed.component else "resources"
            return {field: [_below(up, path)], **_sort_options(workspace.text(indexed.file))}
    return {"resources": [_below(up, name) for name in _plain_directory(path, workspace)]}


def _plain_directory(path: str, workspace: Workspace) -> list[str]:
    """Return what the kustomization file lists that Flux makes for a directory without one."""
    overlays, manifests = workspace.plain(path)
    return sorted([*(m for m in manifests if _holds_objects(workspace.text(m))), *overlays])


def _holds_objects(text: str) -> bool:
    try:
        contents = [content for _, content in kubeyaml.documents(text)]
    except kubeyaml.UnreadableError:
        return True  # the build says what is wrong with it
    return any(isinstance(c, dict) and c.get("apiVersion") and c.get("kind") for c in contents)


def _sort_options(text: str) -> JsonObject:
    """Return the option that kustomize takes from the outermost kustomization only."""
    try:
        contents = [content for _, content in kubeyaml.documents(text)]
    except kubeyaml.UnreadableError:
        return {}
    options = contents[0].get("sortOptions") if contents and isinstance(contents[0], dict) else None
    return {"sortOptions": options} if options else {}


def _components(spec: Mapping[str, Any], path: str, index: Index) -> list[str]:
    there = {indexed.path for indexed in index.overlays}
    remote = [str(name) for name in spec.get("components") or () if is_remote(str(name))]
    local = local_components(spec, path)
    return [*(name for name in local if not spec.get("ignoreMissingComponents") or name in there), *remote]


def _below(up: str, path: str) -> str:
    return path if is_remote(path) else posixpath.join(up, path).rstrip("/")
