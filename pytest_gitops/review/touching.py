"""Which parts of which clusters each changed file touches: the blast radius of a change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from pytest_gitops.model import Failed, Kustomization, Part
from pytest_gitops.paths import is_below
from pytest_gitops.review.comparison import Comparison
from pytest_gitops.review.model import FileChange


def touched(files: Iterable[tuple[str, str]], comparison: Comparison) -> tuple[FileChange, ...]:
    """Return each changed file (status and path) with the parts that read it, at base or at head.

    Of a Kustomization that does not build nobody knows what it would read: it is touched by what lies below its path.
    """
    readers: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    unbuilt: list[tuple[str, Kustomization]] = []
    for cluster in comparison.clusters:
        for pair in cluster.parts:
            for part in (pair.before, pair.after):
                for file in reads_of(part):
                    readers[file][cluster.name][pair.part.name] = None
                if isinstance(part, Kustomization) and isinstance(part.outcome, Failed):
                    unbuilt.append((cluster.name, part))
    found = []
    for status, file in files:
        touching = {name: dict(parts) for name, parts in readers.get(file, {}).items()}
        for name, part in unbuilt:
            if is_below(file, part.path):
                touching.setdefault(name, {})[part.name] = None
        found.append(FileChange(file, status, tuple((name, tuple(parts)) for name, parts in touching.items())))
    return tuple(found)


def reads_of(part: Part | None) -> Iterator[str]:
    """Yield the files that a part is made of: those that its render read, and the one that declares it."""
    if part is not None:
        yield part.location.file
        yield from part.rendered.reads if part.rendered else ()
