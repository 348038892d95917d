"""What a change affects: the parts whose inputs it touches, and the items whose verdict is another."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_gitops.checks.results import Item, Results
from pytest_gitops.configuration import FILE, PYPROJECT
from pytest_gitops.model import Cluster, Failed, Fleet, Kustomization, Outcome, Part, Rendered, Source
from pytest_gitops.objects import mapping, scalar
from pytest_gitops.paths import is_below
from pytest_gitops.review.comparison import ClusterComparison, Comparison, PartPair
from pytest_gitops.review.touching import reads_of

# Files that shape what is judged, and how: of these, nobody knows what they touch.
_GLOBAL = (FILE, PYPROJECT, "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "setup.cfg")

Place = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Affected:
    """What of a fleet a change affects: ``everything``, or parts of it and single items.

    ``places`` are pairs of a cluster's name and a part's; (cluster, None) is the cluster itself, which is affected
    where any of its parts is, and (None, path) an overlay. ``items`` are those whose verdict differs besides, and
    ``files`` all that differ.
    """

    everything: bool = False
    places: frozenset[Place] = frozenset()
    items: frozenset[Item] = frozenset()
    files: frozenset[str] = frozenset()

    def has(self, item: Item) -> bool:
        """Return whether an item is affected: by its part, or by its verdict alone."""
        return self.touches(item.cluster, item.part) or item in self.items

    def touches(self, cluster: str | None, part: str | None) -> bool:
        """Return whether a part of a cluster, a cluster, or (of None) an overlay is affected."""
        return self.everything or (cluster, part) in self.places

    def __bool__(self) -> bool:
        """Whether anything is affected at all."""
        return self.everything or bool(self.files)


def affected(files: Iterable[tuple[str, str]], comparison: Comparison, base: Results, head: Results) -> Affected:
    """Return what a change of these files (status and path) affects.

    A part is affected where a file that it read at either revision differs, where it is another object (which its
    parent renders), has another source, or renders to something else (its variables may come from elsewhere). What a
    rule says of a part for the sake of another one, both revisions' verdicts tell: items whose findings differ in
    anything are affected too. After a change of the configuration, of pytest's own, or of Python code, everything is.
    """
    changed = frozenset(path for _, path in files)
    if any(_is_global(path) for path in changed):
        return Affected(everything=True, files=changed)
    places: set[Place] = set()
    for cluster in comparison.clusters:
        touched = {(cluster.name, name) for name in _touched(cluster, changed)}
        places |= touched
        if touched or _is_other(cluster, changed):
            places.add((cluster.name, None))
    places |= {(None, path) for path in _overlays(comparison.base.fleet, comparison.head.fleet, changed)}
    return Affected(places=frozenset(places), items=frozenset(_differing(base, head)), files=changed)


def _is_global(path: str) -> bool:
    name = posixpath.basename(path)
    return name in _GLOBAL or name.endswith(".py")


def _touched(cluster: ClusterComparison, changed: frozenset[str]) -> Iterator[str]:
    sources = [_sources(index.cluster if index else None) for index in (cluster.base, cluster.head)]
    for pair in cluster.parts:
        if _is_touched(pair, changed) or _source(pair.before, sources[0]) != _source(pair.after, sources[1]):
            yield from {part.name for part in (pair.before, pair.after) if part is not None}


def _is_touched(pair: PartPair, changed: frozenset[str]) -> bool:
    before, after = pair.before, pair.after
    if before is None or after is None or before.object != after.object or before.location != after.location:
        return True
    if any(file in changed for part in (before, after) for file in reads_of(part)):
        return True
    return _differs(before.outcome, after.outcome) or any(_misses(part, changed) for part in (before, after))


def _differs(before: Outcome, after: Outcome) -> bool:
    """Tell whether two renders differ in anything that is told of them."""
    if not isinstance(before, Rendered) or not isinstance(after, Rendered):
        return before != after
    return _content(before) != _content(after)


def _content(rendered: Rendered) -> object:
    objects = [(r.text, r.origin, r.transformations) for r in rendered]
    return objects, rendered.reads, rendered.variables, rendered.placeholders


def _misses(part: Part, changed: frozenset[str]) -> bool:
    """Tell whether a Kustomization that does not build may have read a changed file: nobody knows what it read."""
    if not isinstance(part, Kustomization) or not isinstance(part.outcome, Failed):
        return False
    return any(is_below(file, part.path) for file in changed)


def _sources(cluster: Cluster | None) -> dict[tuple[str, str, str], Source]:
    found = cluster.sources if cluster else ()
    return {(source.id.kind, source.id.namespace, source.id.name): source for source in found}


def _source(part: Part | None, sources: dict[tuple[str, str, str], Source]) -> object:
    """Return what a part is made from, less where that lies on this machine."""
    if part is None:
        return None
    found = []
    for reference in _references(part):
        key = (
            scalar(reference, "kind"),
            scalar(reference, "namespace") or part.id.namespace,
            scalar(reference, "name"),
        )
        source = sources.get(key)
        found.append((key, source.object if source else None, source.reason if source else None))
    return found


def _references(part: Part) -> Iterator[object]:
    yield mapping(part.spec, "sourceRef")
    yield mapping(part.spec, "chartRef")
    yield mapping(part.spec, "chart", "spec", "sourceRef")


def _is_other(cluster: ClusterComparison, changed: frozenset[str]) -> bool:
    """Tell whether a cluster itself is another one: it is new, or its file, its version or its sources differ."""
    if cluster.base is None or cluster.head is None:
        return True
    before, after = cluster.base.cluster, cluster.head.cluster
    return after.file in changed or _itself(before) != _itself(after)


def _itself(cluster: Cluster) -> object:
    sources = [(source.id, source.object, source.location, source.reason) for source in cluster.sources]
    return (cluster.entry, cluster.file, cluster.flux_version, cluster.strict_substitution, cluster.settings, sources)


def _overlays(base: Fleet, head: Fleet, changed: frozenset[str]) -> Iterator[str]:
    before = {overlay.path: overlay for overlay in base.overlays}
    for overlay in head.overlays:
        old = before.get(overlay.path)
        reads = {overlay.file, *(overlay.rendered.reads if overlay.rendered else ())}
        failed = isinstance(overlay.outcome, Failed) and any(is_below(file, overlay.path) for file in changed)
        if old is None or reads & changed or failed or _differs(old.outcome, overlay.outcome):
            yield overlay.path or "."


def _differing(base: Results, head: Results) -> Iterator[Item]:
    """Yield the items of which something else is said."""
    items = {item for results in (base, head) for f in results.findings for item in results.items(f)}
    return (item for item in items if base.of(item) != head.of(item))
