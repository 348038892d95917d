"""The views of local directories that builds read, each opened once."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from pytest_gitops.paths import is_below
from pytest_gitops.recursion.composing import copy_tree
from pytest_gitops.rendering import Renderer, Tree
from pytest_gitops.repository import Repository, find_repository
from pytest_gitops.sources import Place

Translate = Callable[[str], str]


class Trees:
    """Opens directories as source-controller would archive them: without what Git ignores, nor submodules.

    A source that includes others is put together in a temporary directory, which is gone when the Trees are closed.
    """

    def __init__(self, renderer: Renderer, repository: Repository, *, remote: bool = False) -> None:
        self._renderer = renderer
        self._repository = repository
        self._remote = remote
        self._repositories = {repository.root: repository}
        self._open: dict[Place, Tree] = {}
        self._temporary = ExitStack()

    def __enter__(self) -> Trees:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._temporary.close()

    def work_tree(self) -> Tree:
        """Return the repository itself, without any source's ``spec.ignore``. Raises TreeError."""
        return self.open(Place(self._repository.root))

    def open(self, place: Place) -> Tree:
        """Return the view of a source's directory. Raises TreeError where it can't be opened."""
        if place not in self._open:
            directory = place.directory or self._repository.root
            hidden = self._hidden(directory, submodules=place.submodules)
            if place.included:
                directory = self._composed(directory, hidden, place)
            self._open[place] = self._renderer.open(directory, hidden=hidden, ignore=place.ignore, remote=self._remote)
        return self._open[place]

    def translate(self, place: Place) -> Translate:
        """Return what turns a path of a source's tree into one relative to the repository's root."""
        prefix = self._prefix(place.directory or self._repository.root)
        included = [(to, self._prefix(directory / start)) for directory, start, to in place.included]

        def translated(path: str) -> str:
            for to, other in reversed(included):
                if is_below(path, to):
                    return other + path[len(to) :].lstrip("/")
            return prefix + path

        return translated

    def _composed(self, directory: Path, hidden: tuple[str, ...], place: Place) -> Path:
        """Put a source together as source-controller does: its own files, then those of each ``spec.include``."""
        target = Path(self._temporary.enter_context(TemporaryDirectory(prefix="gitops-source-")))
        copy_tree(directory, target, hidden)
        for other, start, to in place.included:
            copy_tree(other / start, target / to, self._hidden(other, submodules=False) if not start else ())
        return target

    def _prefix(self, directory: Path) -> str:
        if directory == self._repository.root:
            return ""
        return Path(os.path.relpath(directory, self._repository.root)).as_posix() + "/"

    def _hidden(self, directory: Path, *, submodules: bool) -> tuple[str, ...]:
        if directory not in self._repositories:
            self._repositories[directory] = find_repository(directory)
        repository = self._repositories[directory]
        return (*repository.hidden, *(() if submodules else (f"{path}/" for path in repository.submodules)))
