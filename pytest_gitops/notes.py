"""What is worth telling once about a fleet: what could not be known, and what no cluster uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pytest_gitops.discovery import Reach
from pytest_gitops.discovery.declaration import Declaration
from pytest_gitops.model import Failed
from pytest_gitops.recursion import ClusterRun
from pytest_gitops.rendering import UnreadFile

SHOWN = 5


def notes_of(
    runs: Sequence[ClusterRun],
    reach: Reach,
    read: set[str],
    aside: Sequence[str] = (),
    broken: Sequence[UnreadFile] = (),
) -> tuple[str, ...]:
    """Return the notes of a load, clusters first, each in a sentence.

    ``read`` are the files that clusters read, ``aside`` overlays that nobody renders, ``broken`` files of Flux's that
    nobody reads.
    """
    notes = [note for run in runs for note in _of_cluster(run, reach)]
    orphans = [declaration for declaration in reach.declarations if declaration.file not in read]
    if orphans and runs:
        notes.append(f"no cluster reads {_listed(_place(declaration) for declaration in orphans)}")
    notes += [f"no cluster reads {file.location}, which is not YAML: {file.message}" for file in broken]
    if aside:
        notes.append(f"overlays among documentation, examples or tests are not rendered: {_listed(aside)}")
    return tuple(notes)


def _of_cluster(run: ClusterRun, reach: Reach) -> Iterator[str]:
    name = run.settings.name
    for missing, users in sorted(run.missing().items()):
        yield f"{name}: nothing in Git makes {missing}, which {_listed(users)} needs: its values are placeholders"
    for key, places in sorted(run.duplicates.items()):
        declared = f"{name}: {key[1]} {'/'.join(key[2:])} is declared more than once"
        yield f"{declared}: {_listed(places)}; the first counts"
    if run.entry.set_aside:
        yield f"{name}: {run.entry.path} can't be what the cluster was bootstrapped with: {run.entry.set_aside}"
    for text in run.without_namespace:
        yield f"{name}: {text} has no namespace; its parent's is assumed"
    for node in run.ordered():
        if node.key[1] != "Kustomization":
            continue
        path = node.path
        below = reach.declared_in(reach.coverage.reads(path)) if isinstance(node.outcome, Failed) else []
        others = [declaration for declaration in below if declaration.name != node.key[-1]]
        if others and reach.exists(path):
            yield f"{name}: {node.label} failed, so what it makes of {_listed(map(_place, others))} is not known"


def _place(declaration: Declaration) -> str:
    return f"{declaration.name} ({declaration.location})"


def _listed(texts: Iterable[str]) -> str:
    items = sorted(set(texts))
    shown = ", ".join(items[:SHOWN])
    return shown if len(items) <= SHOWN else f"{shown} and {len(items) - SHOWN} more"
