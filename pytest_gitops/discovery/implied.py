"""Finds the clusters that no file declares: directories that someone bootstrapped, told by what lies in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pytest_gitops.discovery.declaration import CLUSTER_PARENTS, Declaration, is_dead_corner
from pytest_gitops.discovery.entry import BOOTSTRAP_NAME, Entry, Root, implicit_root
from pytest_gitops.discovery.reach import Reach
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.paths import ancestors, directory_of, is_below
from pytest_gitops.rendering import UnreadFile

Groups = dict[str, list[Declaration]]


def implied_entries(reach: Reach, left: Sequence[Declaration], known: Sequence[Entry]) -> list[Entry]:
    """Return entries for Kustomizations that no known cluster leads to, sorted by path.

    Where clusters are known, or some of these lie below ``clusters/`` or lead to Kustomizations of their own, only a
    directory beside one of theirs, or one below ``clusters/``, is a further cluster; anything else is a leftover.
    """
    heads = _heads(reach, left)
    territory: set[str | None] = {d.path for d in reach.declarations if d.path and reach.exists(d.path)}
    groups = _merged(_grouped(reach, heads, territory))
    sure = [entry.path for entry in known] or [path for path in groups if _is_evident(reach, path, groups[path])]
    siblings = {directory_of(path) for path in sure}
    taken = {entry.path for entry in known}
    entries = []
    for path in sorted(groups):
        if path in taken or (sure and not (directory_of(path) in siblings or _holds_a_cluster(path))):
            continue
        if not any(_overlaps(entry, path) for entry in known):
            entries.append(_entry(reach, path, groups[path]))
    return entries


def _is_evident(reach: Reach, path: str, heads: Sequence[Declaration]) -> bool:
    """Tell whether a directory is a cluster's by its place, or as its Kustomizations bring further ones along."""
    brings = any(reach.declared_in(reach.reads(head) - {head.file}) for head in heads if reach.is_here(head, None))
    return brings or _holds_a_cluster(path)


def _holds_a_cluster(path: str) -> bool:
    """Tell whether a directory is ``clusters/<cluster>``."""
    return _lifted(f"{path}/x") == path


def broken_entries(unread: Iterable[UnreadFile], known: Sequence[Entry]) -> list[Entry]:
    """Return entries for directories of which nothing can be known but that they hold something of Flux's.

    A file that is no YAML declares nothing, and with it its cluster would be gone without a word: the directory is
    built all the same, and its build says what is wrong. It counts where a cluster is expected: in a directory below
    ``clusters/``, beside another entry, or where there is no other.
    """
    siblings = {directory_of(entry.path) for entry in known}
    entries: dict[str, Entry] = {}
    for broken in unread:
        file = broken.location.file
        path = _lifted(directory_of(file))
        expected = not known or directory_of(path) in siblings or _holds_a_cluster(path)
        if path and expected and not is_dead_corner(file) and not any(_overlaps(entry, path) for entry in known):
            entries.setdefault(path, Entry(path, file, (implicit_root(path, file),)))
    return [entries[path] for path in sorted(entries)]


def is_part(reach: Reach, entry: Entry, read: set[str]) -> bool:
    """Tell whether others read all that an implied entry's own directory holds: then it is no cluster of its own."""
    own = {file for file in reach.coverage.reads(entry.path) if is_below(file, entry.path)}
    return bool(own) and own <= read


def apart(reach: Reach, entry: Entry) -> Entry | None:
    """Return an implied entry without the directory around its Kustomizations, None where the directory must do.

    That a plain directory is what a cluster was bootstrapped with is a guess, and where it holds files that are no
    manifests, a wrong one; but for ``clusters/<cluster>`` with Kustomizations of its own, where Flux would fail too.
    """
    heads = sorted(reach.declared_in(reach.coverage.reads(entry.path)), key=lambda head: head.location)
    direct = any(directory_of(head.file) == entry.path for head in heads)
    if reach.coverage.has_overlay(entry.path) or (direct and _holds_a_cluster(entry.path)):
        return None
    roots = tuple(Root(head.object, head.location) for head in heads)
    return replace(entry, roots=roots, sources=reach.sources_beside(heads)) if roots else None


def directory_entry(reach: Reach, path: str) -> Entry:
    """Return the entry of a directory that the user names."""
    return _entry(reach, path, reach.declared_in(sorted(reach.coverage.reads(path))))


def _overlaps(entry: Entry, path: str) -> bool:
    """Tell whether a known cluster has a directory in common with another, or is declared inside of it."""
    declared = any(is_below(root.location.file, path) for root in entry.roots)
    return declared or is_below(entry.path, path) or is_below(path, entry.path)


def _heads(reach: Reach, left: Sequence[Declaration]) -> list[Declaration]:
    """Return the Kustomizations that none of the others leads to; of a ring, the first."""
    files = {declaration.file for declaration in left}
    led: set[str] = set()
    for declaration in left:
        if reach.is_here(declaration, None):
            led |= (reach.reads(declaration) & files) - {declaration.file}
    heads = [declaration for declaration in left if declaration.file not in led]
    reached = set(heads).union(*(reach.follow(frozenset({head.file}), head.source).declarations for head in heads))
    for declaration in left:
        if declaration not in reached:
            heads.append(declaration)
            reached |= reach.follow(frozenset({declaration.file}), declaration.source).declarations
    return heads


def _grouped(reach: Reach, heads: Iterable[Declaration], territory: set[str | None]) -> Groups:
    """Return the directories that may be entries, with the Kustomizations that speak for each."""
    groups: Groups = defaultdict(list)
    for head in heads:
        tops = reach.coverage.top_overlays(head.file)
        for directory in tops or [directory_of(head.file)]:
            lifted = _lifted(directory)
            # Below another's path and yet not read by it: left out of a kustomization file, no cluster of its own.
            if lifted != directory or not _is_orphan(directory, head, territory):
                groups[directory].append(head)
    return _lift(reach, groups)


def _is_orphan(directory: str, head: Declaration, territory: set[str | None]) -> bool:
    above = {directory, *ancestors(directory)} - {"", head.path}
    return not above.isdisjoint(territory)


def _lift(reach: Reach, groups: Groups) -> Groups:
    """Move candidates up to ``clusters/<cluster>`` where one cluster can hold them all.

    Where it can't, as in ``clusters/<region>/<cluster>``, the folders beside it are read in the same way.
    """
    lifted: Groups = defaultdict(list)
    for directory, heads in groups.items():
        lifted[_lifted(directory)].extend(heads)
    nested = {directory_of(target) for target, heads in lifted.items() if not _is_one_cluster(heads)}
    result: Groups = defaultdict(list)
    for directory, heads in groups.items():
        target = _lifted(directory)
        apart = directory_of(target) in nested and target not in groups
        sweeps = not reach.coverage.has_overlay(target) and _sweeps(target, lifted[target])
        result[directory if apart or sweeps else target].extend(heads)
    return result


def _merged(groups: Groups) -> Groups:
    """Merge candidates into the nearest one above them, and those that depend on each other into their parent."""
    result: Groups = {}
    for directory in sorted(groups, key=lambda path: (path.count("/"), path)):
        above = next((parent for parent in ancestors(directory) if parent in result and parent), None)
        if above is not None and _is_one_cluster([*result[above], *groups[directory]]):
            result[above].extend(groups[directory])
        else:
            result[directory] = list(groups[directory])
    return _joined(result)


def _joined(groups: Groups) -> Groups:
    """Join siblings such as ``flux/infra`` and ``flux/apps`` where a Kustomization of one depends on the other's."""
    parents: dict[str, list[str]] = defaultdict(list)
    for directory in groups:
        if directory and directory_of(directory).rpartition("/")[2] not in CLUSTER_PARENTS:
            parents[directory_of(directory)].append(directory)
    result = dict(groups)
    for parent, children in parents.items():
        heads = [head for child in children for head in groups[child]]
        if parent and parent not in groups and _is_one_cluster(heads) and _is_tied([groups[c] for c in children]):
            for child in children:
                del result[child]
            result[parent] = heads
    return result


def _is_tied(groups: list[list[Declaration]]) -> bool:
    names = [{head.name for head in heads} for heads in groups]
    return len(groups) > 1 and any(
        any(not needs.isdisjoint(other) for position, other in enumerate(names) if position != index)
        for index, heads in enumerate(groups)
        for needs in [set().union(*(_dependencies(head) for head in heads)) - names[index]]
    )


def _dependencies(declaration: Declaration) -> set[str]:
    entries = listed(mapping(declaration.object, "spec"), "dependsOn")
    return {scalar(entry, "name") for entry in entries}


def _is_one_cluster(heads: Sequence[Declaration]) -> bool:
    """Tell whether one cluster can hold all of these: it can't hold one name twice."""
    return len({head.identity for head in heads}) == len(heads)


def _sweeps(directory: str, heads: Iterable[Declaration]) -> bool:
    """Tell whether a plain directory holds what its own Kustomizations point at: Flux would apply that twice."""
    return any(head.path is not None and is_below(head.path, directory) for head in heads)


def _lifted(directory: str) -> str:
    parts = directory.split("/")
    for position, part in enumerate(parts[:-1]):
        if part in CLUSTER_PARENTS:
            return "/".join(parts[: position + 2])
    return directory


def _entry(reach: Reach, path: str, heads: Sequence[Declaration]) -> Entry:
    file = reach.coverage.kustomization_file(path) or min((head.file for head in heads), default=path)
    bootstrap = [head for head in heads if head.name == BOOTSTRAP_NAME and is_below(head.file, path)]
    if bootstrap:
        return Entry(path, bootstrap[0].file, (Root(bootstrap[0].object, bootstrap[0].location),))
    if not reach.coverage.has_overlay(path) and _sweeps(path, heads):
        roots = tuple(Root(head.object, head.location) for head in heads)
        return Entry(path, file, roots, reach.sources_beside(heads))
    kinds = {head.source[0] for head in heads if head.source and head.source[2] == BOOTSTRAP_NAME}
    return Entry(path, file, (implicit_root(path, file, min(kinds, default="GitRepository")),))
