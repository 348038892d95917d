"""Which files a build of a directory would read, told from the files alone."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator

from pytest_gitops.paths import ancestors, is_below, join
from pytest_gitops.rendering import Index


class Coverage:
    """The graph of kustomization files, and the plain directories that Flux makes one for.

    As kustomize-controller does: a directory with a kustomization file reads what that names; one without reads
    all YAML files below it, and each directory below it that has a kustomization file as one resource.
    """

    def __init__(self, index: Index) -> None:
        self._overlays = {overlay.path: overlay for overlay in index.overlays}
        self._directories = sorted(self._overlays)
        self._files = sorted({item.location.file for item in index.objects})
        self._reads: dict[str, frozenset[str]] = {}
        self._users: dict[str, list[str]] = defaultdict(list)
        for overlay in index.overlays:
            for reference in overlay.references:
                self._users[reference].append(overlay.path)

    def reads(self, path: str, components: Iterable[str] = ()) -> frozenset[str]:
        """Return the files that a build of a directory reads: kustomization files, what they name, Flux's objects."""
        if path not in self._reads:
            self._reads[path] = frozenset(self._overlay([path]) if path in self._overlays else self._plain(path))
        extra = [join(path, component) for component in components]
        return self._reads[path] | frozenset(self._overlay(extra)) if extra else self._reads[path]

    def has_overlay(self, path: str) -> bool:
        """Tell whether a directory has a kustomization file."""
        return path in self._overlays

    def kustomization_file(self, path: str) -> str | None:
        """Return a directory's kustomization file."""
        overlay = self._overlays.get(path)
        return overlay.file if overlay else None

    def top_overlays(self, file: str) -> list[str]:
        """Return the directories whose build reads a file and that no other kustomization file names."""
        tops, seen, todo = set(), {file}, [file]
        while todo:
            current = todo.pop()
            users = [user for user in self._users[current] if user != current]
            if not users and current in self._overlays and not self._overlays[current].component:
                tops.add(current)
            for user in users:
                if user not in seen:
                    seen.add(user)
                    todo.append(user)
        return sorted(tops)

    def _overlay(self, paths: Iterable[str]) -> Iterator[str]:
        seen: set[str] = set()
        todo = list(paths)
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            overlay = self._overlays.get(path)
            if overlay is None:
                yield path
            else:
                yield overlay.file
                todo.extend(overlay.references)

    def _plain(self, path: str) -> Iterator[str]:
        for file in _below(self._files, path):
            if not any(parent in self._overlays for parent in ancestors(file) if _inside(parent, path)):
                yield file
        tops: set[str] = set()
        for directory in _below(self._directories, path):
            if directory != path and tops.isdisjoint(ancestors(directory)):
                tops.add(directory)
        yield from self._overlay(sorted(tops))


def _inside(path: str, directory: str) -> bool:
    return path != directory and is_below(path, directory)


def _below(names: list[str], path: str) -> Iterator[str]:
    prefix = f"{path}/" if path else ""
    for position in range(bisect_left(names, prefix), len(names)):
        if not names[position].startswith(prefix):
            return
        yield names[position]
