"""The views of local directories that builds read, each opened once."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_gitops.rendering import Renderer, Tree
from pytest_gitops.repository import Repository, find_repository
from pytest_gitops.sources import Place


class Trees:
    """Opens directories as source-controller would archive them: without what Git ignores, nor submodules."""

    def __init__(self, renderer: Renderer, repository: Repository, *, remote: bool = False) -> None:
        self._renderer = renderer
        self._repository = repository
        self._remote = remote
        self._repositories = {repository.root: repository}
        self._open: dict[tuple[Path, str | None, bool], Tree] = {}

    def work_tree(self) -> Tree:
        """Return the repository itself, without any source's ``spec.ignore``. Raises TreeError."""
        return self.open(Place(self._repository.root))

    def open(self, place: Place) -> Tree:
        """Return the view of a source's directory. Raises TreeError where it can't be opened."""
        directory = place.directory or self._repository.root
        key = (directory, place.ignore, place.submodules)
        if key not in self._open:
            repository = self._describe(directory)
            submodules = () if place.submodules else tuple(f"{path}/" for path in repository.submodules)
            self._open[key] = self._renderer.open(
                directory,
                hidden=(*repository.hidden, *submodules),
                ignore=place.ignore,
                remote=self._remote,
            )
        return self._open[key]

    def prefix(self, place: Place) -> str:
        """Return what leads from the repository's root to a source's directory: empty, or a path ending in ``/``."""
        if place.directory is None or place.directory == self._repository.root:
            return ""
        return Path(os.path.relpath(place.directory, self._repository.root)).as_posix() + "/"

    def _describe(self, directory: Path) -> Repository:
        if directory not in self._repositories:
            self._repositories[directory] = find_repository(directory)
        return self._repositories[directory]
