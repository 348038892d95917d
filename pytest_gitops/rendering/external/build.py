"""One build with an external tool."""

from __future__ import annotations

import json
import os
import posixpath
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_gitops.model import JsonObject, Location, Rendered, Resource, ResourceId
from pytest_gitops.rendering.external import flux_kustomization, kubeyaml, overlay
from pytest_gitops.rendering.external.command import Commands, Finished
from pytest_gitops.rendering.external.tools import Tool
from pytest_gitops.rendering.external.workspace import Workspace
from pytest_gitops.rendering.protocol import BuildRequest, RenderError

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_MAX_PLACEHOLDERS = 50
_LABELS = ("kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace")


@dataclass(frozen=True, slots=True)
class Build:
    """One build in a directory of its own."""

    request: BuildRequest
    path: str
    reads: tuple[str, ...]
    workspace: Workspace
    tool: Tool
    directory: Path

    def plain(self, commands: Commands, deadline: float) -> Rendered | RenderError:
        """Build with kustomize or kubectl, through a kustomization laid over the directory."""
        kustomization = self.request.kustomization
        spec = (kustomization or {}).get("spec") or {}
        text = overlay.overlay(spec, self.path, self.workspace, self._up)
        (self.directory / "kustomization.yaml").write_text(text)
        finished = commands.run(self.tool.build(self.directory), self.directory, deadline)
        objects = self._objects(finished)
        if isinstance(objects, RenderError):
            return objects
        if kustomization is not None:
            for object in objects:
                overlay.own(object, kustomization)
        return Rendered(tuple(self._resource(o) for o in objects), reads=self.reads)

    def with_flux(self, commands: Commands, deadline: float) -> Rendered | RenderError:
        """Build with flux, which gets every variable inline."""
        values = flux_kustomization.values_of(self.request)
        if isinstance(values, RenderError):
            return values
        incomplete = any(not source.complete for source in self.request.variables)
        end = time.monotonic() + deadline
        placeholders: dict[str, str] = {}
        while True:
            finished = self._run_flux(commands, values | placeholders, incomplete, end - time.monotonic())
            if isinstance(finished, RenderError):
                return finished
            unset = flux_kustomization.unset_variable(finished.stderr) if finished.status else None
            if not incomplete or unset is None or unset in placeholders or len(placeholders) > _MAX_PLACEHOLDERS:
                break
            placeholders[unset] = flux_kustomization.placeholder(unset)
        objects = self._objects(finished)
        if isinstance(objects, RenderError):
            return objects
        if self.request.kustomization is None:
            for object in objects:
                _disown(object)
        resources = tuple(self._resource(o) for o in objects)
        return Rendered(resources, reads=self.reads, placeholders=placeholders)

    def _run_flux(
        self, commands: Commands, values: dict[str, str], incomplete: bool, deadline: float
    ) -> Finished | RenderError:
        given = self.request.kustomization or _NOBODY
        kustomization = flux_kustomization.inlined(given, values)
        metadata = kustomization.get("metadata") or {}
        name, namespace = str(metadata.get("name") or ""), str(metadata.get("namespace") or "default")
        if not _NAME.fullmatch(name) or not _NAME.fullmatch(namespace):
            return RenderError("build", f"{namespace}/{name} is no name of a Kustomization", field="metadata.name")
        file = self.directory / "kustomization.json"
        file.write_text(json.dumps(kustomization))
        tree = self.workspace.copy()
        strict = self.request.strict or incomplete
        command = self.tool.build_kustomization(tree / self.path, file, name, namespace, strict=strict)
        # An in-memory build reads what is in or below the working directory.
        return commands.run(command, tree, deadline)

    def _objects(self, finished: Finished) -> list[JsonObject] | RenderError:
        if finished.truncated:
            return RenderError("limit", f"{self.tool.name} wrote more than may be read")
        if finished.status:
            return self._failure(finished)
        try:
            contents = [content for _, content in kubeyaml.documents(finished.stdout.decode(errors="replace"))]
        except kubeyaml.UnreadableError as error:
            return RenderError("yaml", f"the output of {self.tool.name} can't be read: {error}")
        if any(not isinstance(content, dict) for content in contents):
            return RenderError("yaml", "the output holds something that is no Kubernetes object")
        return contents

    def _failure(self, finished: Finished) -> RenderError:
        message = self._relative(finished.stderr) or f"{self.tool.name} ended with status {finished.status}"
        variable = flux_kustomization.unset_variable(finished.stderr)
        code = "substitution" if variable or "substitution failed" in message else "build"
        named = [file for file in self.workspace.files if file in message]
        location = Location(max(named, key=len)) if named else None
        return RenderError(code, message, location, variable=variable)

    @property
    def _up(self) -> str:
        """The way from the build's directory to the tree's copy."""
        return os.path.relpath(self.workspace.copy(), self.directory)

    def _relative(self, text: str) -> str:
        for directory in (self.workspace.copy(), self._up, self.directory):
            text = text.replace(f"{directory}/", "")
        return text.removeprefix("Error: ").removeprefix("error: ").removeprefix("✗ ")

    def _resource(self, object: JsonObject) -> Resource:
        annotations = (object.get("metadata") or {}).get("annotations") or {}
        origin = self._origin(annotations.pop(overlay.ORIGIN, None))
        changed = self._transformations(annotations.pop(overlay.TRANSFORMATIONS, None))
        if not annotations and isinstance(object.get("metadata"), dict):
            object["metadata"].pop("annotations", None)
        return Resource(
            id=ResourceId.of(object),
            api_version=str(object.get("apiVersion") or ""),
            text=json.dumps(object),
            origin=origin,
            transformations=changed,
        )

    def _origin(self, text: str | None) -> str | None:
        """Return the file an origin annotation names, relative to the tree's root."""
        said = _yaml(text)
        path = said.get("path") or said.get("configuredIn") if isinstance(said, dict) else None
        return self._in_tree(path)

    def _transformations(self, text: str | None) -> tuple[str, ...]:
        said = _yaml(text)
        paths = (
            [self._in_tree(s.get("configuredIn")) for s in said if isinstance(s, dict)]
            if isinstance(said, list)
            else []
        )
        return tuple(dict.fromkeys(path for path in paths if path is not None))

    def _in_tree(self, path: Any) -> str | None:
        if not isinstance(path, str):
            return None
        full = posixpath.normpath(posixpath.join(str(self.directory), path))
        root = f"{self.workspace.copy()}/"
        return full.removeprefix(root) if full.startswith(root) else None


_NOBODY: JsonObject = {
    "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
    "kind": "Kustomization",
    "metadata": {"name": "overlay", "namespace": "default"},
    "spec": {},
}


def _disown(object: JsonObject) -> None:
    """Take the labels away that flux gave to what no Kustomization owns."""
    labels = (object.get("metadata") or {}).get("labels") or {}
    for label in _LABELS:
        labels.pop(label, None)
    if not labels:
        (object.get("metadata") or {}).pop("labels", None)


def _yaml(text: str | None) -> Any:
    if not isinstance(text, str):
        return None
    try:
        return next((content for _, content in kubeyaml.documents(text)), None)
    except kubeyaml.UnreadableError:
        return None
