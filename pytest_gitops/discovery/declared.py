"""Finds the clusters that the repository declares: by a Kustomization of its own directory, or a FluxInstance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_gitops.discovery.declaration import Declaration
from pytest_gitops.discovery.entry import BOOTSTRAP_NAME, Entry, Root
from pytest_gitops.discovery.instance import FluxInstance
from pytest_gitops.discovery.reach import Reach
from pytest_gitops.objects import scalar
from pytest_gitops.paths import is_below


def declared_entries(reach: Reach, instances: Sequence[FluxInstance]) -> list[Entry]:
    """Return the entries that files declare, sorted by path; a FluxInstance joins the entry of its path."""
    candidates = [d for d in _self_managing(reach) if not reach.is_foreign_root(d)]
    entries = {entry.path: entry for entry in _outermost(reach, candidates)}
    for instance in instances:
        known = entries.get(instance.path)
        if known is not None:
            entries[instance.path] = known if known.instance else replace(known, instance=instance)
        elif reach.exists(instance.path) or _is_final(instance, reach):
            entries[instance.path] = _of_instance(instance, reach)
    return [entries[path] for path in sorted(entries)]


def doubtful_entries(reach: Reach) -> list[Entry]:
    """Return entries at the repository's root by a source of another URL, for a repository with no others."""
    return _outermost(reach, [d for d in _self_managing(reach) if reach.is_foreign_root(d)])


def _self_managing(reach: Reach) -> list[Declaration]:
    """Return each Kustomization whose own build reads the file that declares it, as gotk-sync.yaml's does."""
    found = [d for d in reach.declarations if d.path is not None and (d.file in reach.reads(d) or _is_cut(reach, d))]
    return sorted(found, key=lambda d: (d.name != BOOTSTRAP_NAME, (d.path or "").count("/"), d.path or "", d.location))


def _is_cut(reach: Reach, declaration: Declaration) -> bool:
    """Tell whether a bootstrap's Kustomization would manage itself but for a kustomization file that names it wrongly.

    The cluster has it, and its build says what is wrong; without it the whole cluster would be gone unseen.
    """
    path = declaration.path
    if declaration.name != BOOTSTRAP_NAME or not path or not is_below(declaration.file, path):
        return False
    return not any(declaration.file in reach.reads(other) for other in reach.declarations)


def _outermost(reach: Reach, candidates: Sequence[Declaration]) -> list[Entry]:
    """Return an entry for each self-managing Kustomization, but for those that another one leads to.

    These are parts of that one's cluster; of two that lead to each other, bootstrap's name comes first. A cluster
    can't hold one name twice, so of one name each is a cluster.
    """
    parts = {declaration for declaration in candidates if _is_led_to(reach, declaration)}
    chosen: list[Declaration] = []
    for declaration in candidates:
        if declaration in parts:
            continue
        chosen.append(declaration)
        led_to = reach.follow(reach.reads(declaration), declaration.source).declarations
        parts |= {other for other in led_to if other.identity != declaration.identity}
    # A later one may lead to an earlier one without being led to by it.
    kept = [declaration for declaration in chosen if declaration not in parts]
    return _one_each([_of_declaration(declaration) for declaration in kept or chosen[:1]])


def _is_led_to(reach: Reach, declaration: Declaration) -> bool:
    """Tell whether a Kustomization outside of a self-managing one's own reach leads to it: then it is a mere child."""
    if declaration.name == BOOTSTRAP_NAME:
        return False
    own = reach.follow(reach.reads(declaration), declaration.source).declarations
    return any(
        declaration.file in reach.reads(other) and reach.is_here(other, None)
        for other in reach.declarations
        if other not in own and other.identity != declaration.identity
    )


def _of_declaration(declaration: Declaration) -> Entry:
    root = Root(declaration.object, declaration.location)
    return Entry(path=declaration.path or "", file=declaration.file, roots=(root,))


def _is_final(instance: FluxInstance, reach: Reach) -> bool:
    """Tell whether a FluxInstance means this repository and what it says: an overlay elsewhere may patch its path."""
    file = instance.location.file
    patched = any(not is_below(file, directory) for directory in reach.coverage.top_overlays(file))
    return not patched and reach.is_this_repository(scalar(instance.sync, "url"))


def _of_instance(instance: FluxInstance, reach: Reach) -> Entry:
    return Entry(
        path=instance.path,
        file=_anchor(instance, reach),
        roots=(Root(instance.kustomization(), instance.location, field=instance.field),),
        sources=((instance.source(), instance.location),),
        instance=instance,
    )


def _anchor(instance: FluxInstance, reach: Reach) -> str:
    """Return the file of the entry's directory that best stands for it."""
    reads = reach.coverage.reads(instance.path) if reach.exists(instance.path) else frozenset()
    if instance.location.file in reads:
        return instance.location.file
    inside = sorted(file for file in reads if file.startswith(f"{instance.path}/"))
    declaring = sorted(d.file for d in reach.declared_in(inside))
    return reach.coverage.kustomization_file(instance.path) or next(iter(declaring or inside), instance.location.file)


def _one_each(entries: list[Entry]) -> list[Entry]:
    paths: dict[str, Entry] = {}
    for entry in entries:
        paths.setdefault(entry.path, entry)
    return list(paths.values())
