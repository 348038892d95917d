"""A copy of a tree outside the repository, for tools that may write where they read."""

from __future__ import annotations

import posixpath
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_gitops.rendering.external import artifact
from pytest_gitops.rendering.external.kustomization_file import KustomizationFile
from pytest_gitops.rendering.external.scan import kustomization, scan
from pytest_gitops.rendering.protocol import Index, Tree


@dataclass(frozen=True, slots=True)
class Closure:
    """All that a build may read: ``files``, the remote bases and the names that leave the tree, with who says so."""

    files: tuple[str, ...]
    remote: tuple[tuple[str, str], ...]
    escapes: tuple[tuple[str, str], ...]


class Workspace:
    """One tree: its files, its index, and its copy, each made when it is first asked for."""

    def __init__(self, tree: Tree, directory: Path) -> None:
        self.tree = tree
        self.files = artifact.files_of(tree)
        self._directory = directory
        self._lock = threading.Lock()
        self._parsed: dict[str, KustomizationFile] = {}

    @cached_property
    def index(self) -> Index:
        """The tree's index."""
        return scan(self.tree.root, self.files)

    @cached_property
    def directories(self) -> frozenset[str]:
        """The directories that hold files, "" for the root."""
        found = {""}
        for file in self.files:
            parent = posixpath.dirname(file)
            while parent not in found:
                found.add(parent)
                parent = posixpath.dirname(parent)
        return frozenset(found)

    def copy(self) -> Path:
        """Return the copy's root."""
        with self._lock:
            if not self._directory.exists():
                artifact.copy(self.tree.root, self.files, self._directory)
        return self._directory

    def closure(self, start: list[str]) -> Closure:
        """Return what building these directories and files may read, as far as kustomization files tell."""
        by_path = {overlay.path: overlay.file for overlay in self.index.overlays}
        files: set[str] = set()
        remote: list[tuple[str, str]] = []
        escapes: list[tuple[str, str]] = []
        waiting, seen = list(start), set(start)
        while waiting:
            path = waiting.pop()
            if path in self._set:
                files.add(path)
                continue
            if path in by_path:
                said = self._said(by_path[path])
                files.add(by_path[path])
                remote += [(by_path[path], url) for url in said.remote]
                escapes += [(by_path[path], name) for name in said.escapes(path)]
                found = list(said.references(path))
            else:
                found = [*self.plain(path)[0], *self.plain(path)[1]]
            waiting += [name for name in found if name not in seen]
            seen.update(found)
        return Closure(tuple(sorted(files)), tuple(remote), tuple(escapes))

    @cached_property
    def _set(self) -> frozenset[str]:
        return frozenset(self.files)

    def text(self, file: str) -> str:
        """Return a file's text."""
        return artifact.read(self.tree.root, file).decode(errors="replace")

    def plain(self, path: str) -> tuple[list[str], list[str]]:
        """Return the outermost overlays and the manifests beside them below a directory, as Flux lists them."""
        inside = f"{path}/" if path else ""
        below = [o.path for o in self.index.overlays if o.path.startswith(inside) and o.path != path]
        overlays = [o for o in below if not any(o.startswith(f"{other}/") for other in below)]
        manifests = [f for f in self.files if f.startswith(inside) and f.endswith((".yaml", ".yml"))]
        return overlays, [f for f in manifests if not any(f.startswith(f"{o}/") for o in overlays)]

    def _said(self, file: str) -> KustomizationFile:
        if file not in self._parsed:
            self._parsed[file] = kustomization(self.text(file))
        return self._parsed[file]
