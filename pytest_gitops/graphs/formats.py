"""The formats there are, and which of them a file is to have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_gitops.graphs.dot import to_dot
from pytest_gitops.graphs.graph import ClusterGraph, graphs_of
from pytest_gitops.graphs.mermaid import to_markdown, to_mermaid
from pytest_gitops.graphs.svg import to_svg
from pytest_gitops.hiding import Hiding
from pytest_gitops.model import Fleet

FORMATS: dict[str, Callable[[Sequence[ClusterGraph]], str]] = {
    ".mmd": to_mermaid,
    ".md": to_markdown,
    ".dot": to_dot,
    ".gv": to_dot,
    ".svg": to_svg,
}


class UnknownSuffixError(ValueError):
    """A graph's file has a suffix that tells no format. Whoever gave the name should care."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A file that the fleet's graph is written to, in the format that its suffix tells."""

    path: Path

    def write(self, fleet: Fleet) -> None:
        """Write the graph, making folders as needed; raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        drawn = FORMATS[self.path.suffix.lower()](graphs_of(fleet))
        self.path.write_text(Hiding.of(fleet)(drawn), encoding="utf-8")


def drawing(text: str, base: Path) -> Drawing:
    """Return the drawing that FILE below ``base`` is to hold; raises UnknownSuffixError, listing the choices."""
    path = base / text
    if path.suffix.lower() not in FORMATS:
        raise UnknownSuffixError(f"{text!r} tells no format; its suffix is one of {', '.join(FORMATS)}")
    return Drawing(path)
