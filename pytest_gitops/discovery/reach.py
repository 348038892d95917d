"""What a Kustomization leads to, as far as the files tell: its files, the Kustomizations in them, and so on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pytest_gitops.discovery.coverage import Coverage
from pytest_gitops.discovery.declaration import Declaration, declared_sources
from pytest_gitops.model import JsonObject, Location
from pytest_gitops.objects import listed, mapping, namespace_of, scalar
from pytest_gitops.paths import directory_of, is_directory
from pytest_gitops.rendering import Index, IndexedObject
from pytest_gitops.repository import Repository
from pytest_gitops.sources import tracked_branch
from pytest_gitops.urls import last_component, normalise

BOOTSTRAP_NAME = "flux-system"
BUILDABLE = frozenset({"GitRepository", "OCIRepository", "Bucket"})


@dataclass(frozen=True, slots=True)
class Reached:
    """The files and Kustomizations that something leads to."""

    files: frozenset[str]
    declarations: frozenset[Declaration]


class Reach:
    """Follows Kustomizations through the files of one repository.

    A Kustomization of another repository leads nowhere here, and one whose path only a render tells isn't
    followed: both are settled when clusters are rendered.
    """

    def __init__(self, repository: Repository, index: Index, declarations: Iterable[Declaration]) -> None:
        self.coverage = Coverage(index)
        self.declarations = list(declarations)
        self._repository = repository
        self._sources = declared_sources(index)
        self._by_file: dict[str, list[Declaration]] = defaultdict(list)
        for declaration in self.declarations:
            self._by_file[declaration.file].append(declaration)

    def reads(self, declaration: Declaration) -> frozenset[str]:
        """Return the files that one Kustomization's build reads, none where it isn't built from here."""
        if declaration.path is None or not self.exists(declaration.path):
            return frozenset()
        components = listed(mapping(declaration.object, "spec"), "components")
        return self.coverage.reads(declaration.path, map(str, components))

    def declared_in(self, files: Iterable[str]) -> list[Declaration]:
        """Return the Kustomizations that some files declare."""
        return [declaration for file in files for declaration in self._by_file.get(file, ())]

    def follow(self, files: frozenset[str], own: tuple[str, str, str] | None) -> Reached:
        """Return all that a build which reads these files leads to; ``own`` is the source it was built from."""
        reached: set[str] = set(files)
        found: set[Declaration] = set()
        todo = self.declared_in(files)
        while todo:
            declaration = todo.pop()
            if declaration in found:
                continue
            found.add(declaration)
            if self.is_here(declaration, own):
                new = self.reads(declaration) - reached
                reached |= new
                todo.extend(self.declared_in(new))
        return Reached(frozenset(reached), frozenset(found))

    def sources_beside(self, declarations: Iterable[Declaration]) -> tuple[tuple[JsonObject, Location], ...]:
        """Return the sources that lie in the directories of some Kustomizations."""
        directories = {directory_of(declaration.file) for declaration in declarations}
        items = [item for found in self._sources.values() for item in found]
        return tuple((item.object, item.location) for item in items if directory_of(item.location.file) in directories)

    def exists(self, path: str) -> bool:
        """Tell whether a path is a directory of the repository."""
        if path not in self._directories:
            self._directories[path] = is_directory(self._repository.root, path)
        return self._directories[path]

    def is_here(self, declaration: Declaration, own: tuple[str, str, str] | None) -> bool:
        """Tell whether a Kustomization is built from this repository: from the entry's source, or by its URL."""
        source = declaration.source
        if source is None or source[0] not in BUILDABLE:
            return False
        if own is not None and (source[0], source[2]) == (own[0], own[2]):
            return True
        items = self._declaring(source)
        return not items or any(self._is_checkout(item.object) for item in items)

    def is_foreign_root(self, declaration: Declaration) -> bool:
        """Tell whether a Kustomization of a source's root is another repository's rather than this one's.

        A root contains every file, so that it reads its own is no sign that it is this repository's. Where nobody knows
        this one's URL, it is another one's if it names no path at all, or what is made from the cluster's own source
        leads to it.
        """
        if declaration.path != "" or declaration.source is None or declaration.source[2] == BOOTSTRAP_NAME:
            return False
        items = self._declaring(declaration.source)
        if not items or declaration.source[0] != "GitRepository":
            return bool(items)
        if not self._repository.urls:
            unnamed = not scalar(mapping(declaration.object, "spec"), "path")
            return unnamed or any(declaration.file in self.reads(other) for other in self._of_own_source())
        return not any(self._is_checkout(item.object) for item in items)

    def _of_own_source(self) -> Iterator[Declaration]:
        for declaration in self.declarations:
            if declaration.source is not None and declaration.source[2] == BOOTSTRAP_NAME and declaration.path:
                yield declaration

    def is_this_repository(self, url: str) -> bool:
        """Tell whether a URL means this repository, or an artifact that is called like it."""
        normal = normalise(url)
        if not self._repository.urls:
            return True
        names = {last_component(known) for known in self._repository.urls}
        return normal in self._repository.urls or (normal.startswith("oci://") and last_component(url) in names)

    def _declaring(self, source: tuple[str, str, str]) -> list[IndexedObject]:
        kind, namespace, name = source
        items = self._sources.get((kind, name), [])
        return [item for item in items if not namespace or namespace_of(item.object) in (namespace, "")]

    def _is_checkout(self, source: JsonObject) -> bool:
        """Tell whether a GitRepository is the repository at a branch that may be checked out here."""
        here = normalise(_url(source)) in self._repository.urls
        return here and tracked_branch(mapping(source, "spec")) in self._repository.branches

    @cached_property
    def _directories(self) -> dict[str, bool]:
        return {}


def _url(source: JsonObject) -> str:
    spec = mapping(source, "spec")
    return scalar(spec, "url") or scalar(spec, "endpoint")
