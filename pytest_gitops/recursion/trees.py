"""The views of local directories that builds read, each opened once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from pytest_gitops.recursion.composing import Composer, unpack
from pytest_gitops.rendering import Renderer, RenderError, Tree, TreeError
from pytest_gitops.repository import Repository, find_repository
from pytest_gitops.sources import Copy, Place

Translate = Callable[[str], str]


class Trees:
    """Opens directories as source-controller would archive them: without what Git ignores, nor submodules.

    A source that is made of others is put together in a temporary directory, which is gone when the Trees are closed.
    """

    def __init__(self, renderer: Renderer, repository: Repository) -> None:
        self._renderer = renderer
        self._repository = repository
        self._repositories = {repository.root: repository}
        self._open: dict[Place, Tree] = {}
        self._origins: dict[Place, dict[str, str]] = {}
        self._listed: dict[Place, tuple[Path, Sequence[str]]] = {}
        self._unpacked: dict[Path, Place] = {}
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
            if place.included:
                self._open[place] = self._renderer.open(self._composed(place), ignore=place.ignore)
            else:
                self._open[place] = self._plain(place)
        return self._open[place]

    def unpacked(self, archive: Path) -> Place:
        """Return what an archive holds as a place of its own. Raises TreeError."""
        if archive not in self._unpacked:
            target = self._directory()
            for _file in unpack(archive, target):
                pass
            self._unpacked[archive] = Place(target, fetched=True)
        return self._unpacked[archive]

    def translate(self, place: Place) -> Translate:
        """Return what turns a path of a source's tree into one relative to the repository's root."""
        prefix = self._prefix(place.directory or self._repository.root)
        origins = self._origins.get(place, {})

        def translated(path: str) -> str:
            return origins.get(path) or prefix + path

        return translated

    def _plain(self, place: Place) -> Tree:
        directory = place.directory or self._repository.root
        hidden = () if place.fetched else self._hidden(directory, submodules=place.submodules)
        return self._renderer.open(directory, hidden=hidden, ignore=place.ignore)

    def _composed(self, place: Place) -> Path:
        """Put a source together: its own files, then what is copied from others into it."""
        composer = Composer(self._directory())
        own = replace(place, included=())
        for copy in (*(() if place.composed else (Copy(own, "", ""),)), *place.included):
            root, files = self._files(copy.place)
            composer.add(copy, root, files, self._prefix(root))
        self._origins[place] = composer.origins
        return composer.target

    def _files(self, place: Place) -> tuple[Path, Sequence[str]]:
        """Return the directory of a place, and the files of its artifact below it. Raises TreeError."""
        if place.included:
            directory = self.open(place).root
            place = Place(directory, fetched=True)
        if place not in self._listed:
            tree = self._plain(place)
            try:
                self._listed[place] = (tree.root, artifact_files(tree))
            except OSError as error:
                raise TreeError(RenderError("path", f"can't be read: {error.strerror or error}")) from None
        return self._listed[place]

    def _directory(self) -> Path:
        return Path(self._temporary.enter_context(TemporaryDirectory(prefix="gitops-source-"))).resolve()

    def _prefix(self, directory: Path) -> str:
        if directory == self._repository.root:
            return ""
        return Path(os.path.relpath(directory, self._repository.root)).as_posix() + "/"

    def _hidden(self, directory: Path, *, submodules: bool) -> tuple[str, ...]:
        if directory not in self._repositories:
            self._repositories[directory] = find_repository(directory)
        repository = self._repositories[directory]
        return (*repository.hidden, *(() if submodules else (f"{path}/" for path in repository.submodules)))


def artifact_files(tree: Tree) -> Sequence[str]:
    """Return the files that source-controller would put into an artifact. Raises OSError."""
    # Imported here: few repositories compose sources.
    from pytest_gitops.rendering.external.artifact import files_of  # noqa: PLC0415

    return files_of(tree)
