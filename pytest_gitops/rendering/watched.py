"""A renderer that tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_gitops.rendering.protocol import Done, Index, Renderer, Request, Tree

Progress = Callable[[int, int], None]


class Watched(Renderer):
    """Another renderer, with ``progress`` called after each build or fetch: those done, and those known of."""

    def __init__(self, renderer: Renderer, progress: Progress) -> None:
        self._renderer = renderer
        self._progress = progress
        self._done = 0

    @property
    def pending(self) -> int:
        """As the other renderer has it."""
        return self._renderer.pending

    @property
    def notes(self) -> tuple[str, ...]:
        """As the other renderer has it."""
        return self._renderer.notes

    def describe(self) -> str:
        """Name the other renderer."""
        return self._renderer.describe()

    def open(self, root: Path, *, hidden: Sequence[str] = (), ignore: str | None = None) -> Tree:
        """Let the other renderer open the directory."""
        return self._renderer.open(root, hidden=hidden, ignore=ignore)

    def scan(self, tree: Tree) -> Index:
        """Let the other renderer scan the tree."""
        return self._renderer.scan(tree)

    def submit(self, request: Request) -> None:
        """Let the other renderer build or fetch."""
        self._renderer.submit(request)

    def next_done(self) -> Done:
        """Take a result from the other renderer, and say so."""
        done = self._renderer.next_done()
        self._done += 1
        self._progress(self._done, self._done + self._renderer.pending)
        return done

    def close(self) -> None:
        """End the other renderer."""
        self._renderer.close()
