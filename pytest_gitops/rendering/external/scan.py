"""Reads all YAML files of an artifact once, as the engine's ``scan`` does."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_gitops.model import Location
from pytest_gitops.rendering.external import kubeyaml, kustomization_file
from pytest_gitops.rendering.external.artifact import read
from pytest_gitops.rendering.protocol import DeclaredVersion, Index, IndexedObject, IndexedOverlay, UnreadFile

_FLUX_VERSION = re.compile(r"^# Flux Version: (v\S+)", re.MULTILINE)
_VERSION_LABEL = re.compile(r"""^\s+app\.kubernetes\.io/version: ["']?(v[^\s"']+)""", re.MULTILINE)
_FLUX_OBJECT = re.compile(r"""apiVersion['"]?[ \t]*:[ \t]*['"]?[\w.-]*fluxcd\.(?:io|controlplane\.io)/""")
_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_NO_CONTENT = re.compile(r"\A(?:[ \t\r]*(?:[#%][^\n]*)?\n)*")


@dataclass(slots=True)
class _Found:
    objects: list[IndexedObject] = field(default_factory=list)
    overlays: list[IndexedOverlay] = field(default_factory=list)
    versions: list[DeclaredVersion] = field(default_factory=list)
    errors: list[UnreadFile] = field(default_factory=list)


def scan(root: Path, files: tuple[str, ...]) -> Index:
    """Return the index of these files of a tree."""
    found = _Found()
    for file in files:
        name = posixpath.basename(file)
        if name in kustomization_file.NAMES or name.endswith((".yaml", ".yml")):
            _read(found, file, read(root, file).decode(errors="replace"))
    return Index(
        files=len(files),
        objects=tuple(found.objects),
        overlays=tuple(found.overlays),
        charts=tuple(sorted(posixpath.dirname(f) for f in files if posixpath.basename(f) == "Chart.yaml")),
        versions=tuple(found.versions),
        errors=tuple(found.errors),
    )


def kustomization(text: str) -> kustomization_file.KustomizationFile:
    """Return what the text of a kustomization file says; nothing where it isn't YAML, for its build says that."""
    try:
        return kustomization_file.parse(next((content for _, content in kubeyaml.documents(text)), None))
    except kubeyaml.UnreadableError:
        return kustomization_file.KustomizationFile()


def _read(found: _Found, file: str, text: str) -> None:
    if posixpath.basename(file) in kustomization_file.NAMES:
        said = kustomization(text)
        directory = posixpath.dirname(file)
        overlay = IndexedOverlay(directory, file, said.component, said.references(directory), said.remote)
        found.overlays.append(overlay)
    if "fluxcd." not in text:
        return
    if version := _version(text):
        found.versions.append(DeclaredVersion(file, version))
    for offset, document in _documents(text):
        if _FLUX_OBJECT.search(document):
            _read_document(found, file, offset, document)


def _version(text: str) -> str | None:
    """Return the version in the manifests of ``flux install``: from their head, else from their labels."""
    match = None
    if "Flux Version:" in text:
        match = _FLUX_VERSION.search(text)
    elif "app.kubernetes.io/part-of: flux" in text:
        match = _VERSION_LABEL.search(text)
    return match[1] if match else None


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """Cut a file at its separators, so that one broken document leaves the others readable."""
    starts = [0, *(match.end() for match in _SEPARATOR.finditer(text))]
    ends = [*(match.start() for match in _SEPARATOR.finditer(text)), len(text)]
    for start, end in zip(starts, ends, strict=True):
        yield text.count("\n", 0, start), text[start:end]


def _read_document(found: _Found, file: str, offset: int, text: str) -> None:
    blank = _NO_CONTENT.match(text)
    first = offset + 1 + (text.count("\n", 0, blank.end()) if blank else 0)
    try:
        contents = list(kubeyaml.documents(text))
    except kubeyaml.UnreadableError as error:
        if "fluxcd.io/" in text:
            found.errors.append(UnreadFile(Location(file, offset + (error.line or first - offset)), str(error)))
        return
    for _, content in contents[:1]:
        for line, inner in _flatten(content, first, offset, text):
            if _is_flux(inner):
                found.objects.append(IndexedObject(Location(file, line), inner))


def _flatten(content: Any, first: int, offset: int, text: str) -> Iterator[tuple[int, Any]]:
    """Yield the object, or a List's items, each with the line of its first key."""
    items = content.get("items") if isinstance(content, dict) else None
    if not isinstance(items, list) or not str(content.get("kind")).endswith("List"):
        yield first, content
        return
    lines = kubeyaml.item_lines(text, "items")
    yield from zip((offset + line for line in lines), items, strict=True)


def _is_flux(content: Any) -> bool:
    if not isinstance(content, dict) or not content.get("kind"):
        return False
    group, slash, _ = str(content.get("apiVersion") or "").partition("/")
    return bool(slash) and (group.endswith("fluxcd.io") or group == "fluxcd.controlplane.io")
