"""Applies a FluxInstance's patches to the source and the Kustomization that flux-operator makes from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_gitops.discovery import Entry
from pytest_gitops.model import JsonObject
from pytest_gitops.objects import mapping
from pytest_gitops.patterns import targets
from pytest_gitops.rendering import BuildRequest, Renderer, RenderError, TreeError


def patched(entry: Entry, renderer: Renderer) -> Entry:
    """Return an entry as its FluxInstance's ``spec.kustomize.patches`` make it; any other entry as it is.

    The renderer applies them, so a patch does what it does in the cluster; one that can't be applied is the entry's
    ``problem``. Nothing else may be pending in the renderer.
    """
    objects = [root.object for root in entry.roots] + [obj for obj, _location in entry.sources]
    patches = [patch for patch in entry.instance.patches if _may_apply(patch, objects)] if entry.instance else []
    if not patches or not entry.sources:
        return entry
    outcome = _build(renderer, objects, patches)
    if isinstance(outcome, RenderError):
        return replace(entry, problem=f"spec.kustomize.patches can't be applied: {outcome.message}")
    found = {str(obj.get("kind")): obj for obj in outcome}
    roots = tuple(replace(root, object=found.get("Kustomization", root.object)) for root in entry.roots)
    sources = tuple((found.get(str(obj["kind"]), obj), location) for obj, location in entry.sources)
    return replace(entry, roots=roots, sources=sources)


def _build(renderer: Renderer, objects: list[JsonObject], patches: list[JsonObject]) -> list[JsonObject] | RenderError:
    # JSON is YAML; the directory is ours alone and gone when the build is done.
    with TemporaryDirectory(prefix="gitops-instance-") as directory:
        names = [f"{index}.yaml" for index in range(len(objects))]
        for name, obj in zip(names, objects, strict=True):
            Path(directory, name).write_text(json.dumps(obj), encoding="utf-8")
        overlay = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": names,
            "patches": patches,
        }
        Path(directory, "kustomization.yaml").write_text(json.dumps(overlay), encoding="utf-8")
        try:
            tree = renderer.open(Path(directory))
        except TreeError as error:
            return error.error
        renderer.submit(BuildRequest(tree, "", cacheable=False))
        outcome = renderer.next_done().outcome
        return outcome if isinstance(outcome, RenderError) else [resource.object for resource in outcome]


def _may_apply(patch: JsonObject, objects: list[JsonObject]) -> bool:
    """Tell whether a patch may be meant for one of the objects; most are for Flux's controllers."""
    target = mapping(patch, "target")
    if not target:
        return any(f"kind: {obj['kind']}" in str(patch.get("patch")) for obj in objects)
    return any(targets(target, obj) for obj in objects)
