"""What is worth telling once about a fleet: what could not be known, and what no cluster uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pytest_gitops.discovery import Reach
from pytest_gitops.discovery.declaration import Declaration
from pytest_gitops.model import Failed
from pytest_gitops.recursion import ClusterRun

SHOWN = 5


def notes_of(runs: Sequence[ClusterRun], reach: Reach, read: set[str]) -> tuple[str, ...]:
    """Return the notes of a load, clusters first, each in a sentence."""
    notes = [note for run in runs for note in _of_cluster(run)]
    orphans = [declaration for declaration in reach.declarations if declaration.file not in read]
    if orphans and runs:
        notes.append(f"no cluster reads {_listed(_place(declaration) for declaration in orphans)}")
    return tuple(notes)


def _of_cluster(run: ClusterRun) -> Iterator[str]:
    name = run.settings.name
    for missing, users in sorted(run.missing().items()):
        yield f"{name}: nothing in Git makes {missing}, which {_listed(users)} needs: its values are placeholders"
    for key, places in sorted(run.duplicates.items()):
        yield f"{name}: Kustomization {'/'.join(key[1:])} is declared more than once: {_listed(places)}; the first counts"
    for text in run.without_namespace:
        yield f"{name}: Kustomization {text} has no namespace; its parent's is assumed"
    count = run.count("ResourceSet", "fluxcd.controlplane.io")
    if count:
        yield f"{name}: {count} ResourceSets are not expanded"
    failed = [node.label for node in run.ordered() if isinstance(node.outcome, Failed) and not node.children]
    if failed:
        yield f"{name}: what {_listed(failed)} would declare is not known, as it failed"


def _place(declaration: Declaration) -> str:
    return f"{declaration.name} ({declaration.location})"


def _listed(texts: Iterable[str]) -> str:
    items = sorted(set(texts))
    shown = ", ".join(items[:SHOWN])
    return shown if len(items) <= SHOWN else f"{shown} and {len(items) - SHOWN} more"
