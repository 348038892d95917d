"""Compares a fleet with what it is at the base of the change, and tells what the change does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.results import Results
from pytest_gitops.checks.sources import SourceFile, SourceTree
from pytest_gitops.configuration import read_configuration
from pytest_gitops.model import Fleet
from pytest_gitops.objects import mapping
from pytest_gitops.redaction import Redactor
from pytest_gitops.repository import Repository, find_repository
from pytest_gitops.review.basing import Load, load_base
from pytest_gitops.review.comparing import compare
from pytest_gitops.review.comparison import Comparison
from pytest_gitops.review.judging import CHECK
from pytest_gitops.review.model import Review
from pytest_gitops.review.noise import is_restless
from pytest_gitops.review.revisions import Range, find_range
from pytest_gitops.review.telling import tell
from pytest_gitops.review.touching import touched
from pytest_gitops.review.updating import with_refusals as _with_refusals
from pytest_gitops.validation import SchemaJudge

Narrow = Callable[[Fleet], Fleet]


@dataclass(frozen=True, slots=True)
class Compared:
    """A change, and what it does to the fleet."""

    change: Range
    comparison: Comparison


class Memory(Protocol):
    """Remembers bases from run to run; ``remembering.Memory`` is one."""

    def recall(self, change: Range, repository: Repository, head: Fleet) -> Fleet | None:
        """Return the base of a change, None where it has to be rendered."""

    def keep(self, change: Range, repository: Repository, head: Fleet, base: Fleet) -> None:
        """Remember the base of a change."""


class _Written(SourceTree):
    """The files of a base, written when the first of them is asked for."""

    def __init__(self, write: Callable[[], Path]) -> None:
        super().__init__(Path())
        self._write: Callable[[], Path] | None = write

    def __getitem__(self, path: str) -> SourceFile:
        if self._write is not None:
            self.root, self._write = self._write(), None
        return super().__getitem__(path)


def compare_with_base(
    head: Fleet,
    ref: str,
    directory: Path,
    load: Load,
    *,
    repo: Path,
    besides: Path | None = None,
    narrow: Narrow,
    memory: Memory | None = None,
) -> Compared:
    """Return what differs between the base that ``ref`` stands for and ``head``, as it was loaded from ``repo``.

    The base's files are written below ``directory``, which has to stay as long as anything is asked of the result.
    ``besides`` is a directory that is no part of the repository (a cache), ``narrow`` leaves of a fleet the clusters
    that are looked at. With ``memory``, a base that is remembered is not rendered, and its files only written for
    whoever asks what is in them. Raises RepositoryError where there is nothing to compare with.
    """
    change = find_range(head.root, ref, besides=besides)
    if not change.files and change.tree is not None:
        return Compared(change, compare(head, head))
    part = repo.relative_to(head.root).as_posix() if repo.is_relative_to(head.root) and repo != head.root else ""
    known = _known(head.root)
    submodules = _asks_for_submodules(head)
    if part or submodules:
        memory = None  # what is checked out of submodules, or looked at, is no matter of the commit alone
    remembered = memory.recall(change, known, head) if memory is not None else None
    if remembered is not None:
        index = FleetIndex(narrow(remembered))
        index.files = _Written(lambda: change.write_base(known, directory).root)
        return Compared(change, compare(index, head))
    written = change.write_base(known, directory, submodules=submodules)
    base = load_base(change, written, head, load, part=part)
    if memory is not None:
        memory.keep(change, known, head, base)
    return Compared(change, compare(narrow(base), head))


def _asks_for_submodules(fleet: Fleet) -> bool:
    sources = (source for cluster in fleet.clusters for source in cluster.sources)
    return any(mapping(source.object, "spec").get("recurseSubmodules") is True for source in sources)


def _known(root: Path) -> Repository:
    """Return what Git says of the repository, with the name that clusters are called by."""
    repository = find_repository(root)
    return replace(repository, known_as=repository.name)


def with_refusals(compared: Compared, judge: SchemaJudge) -> Compared:
    """Return what is compared with what the API server refuses of it."""
    return replace(compared, comparison=_with_refusals(compared.comparison, judge))


def review_of(compared: Compared, results: Results, *, age_keys: Sequence[Path] = ()) -> Review:
    """Return the Review of a change: what differs, and what the rules of the check ``review`` said of it.

    ``age_keys`` are the files of keys that the run decrypts with, besides the configured one.
    """
    change, comparison = compared.change, compared.comparison
    configured = read_configuration(comparison.head.fleet.root).sops_age
    findings = [f for f in results.findings if any(item.check == CHECK for item in results.items(f))]
    return tell(
        comparison,
        change.base,
        change.head,
        findings=findings,
        files=touched(change.files, comparison),
        notes=tuple(_notes(comparison)),
        redactor=Redactor.from_environment(files=age_keys, configured=configured),
    )


def _notes(comparison: Comparison) -> Iterator[str]:
    """Yield what is worth knowing of the whole review: why base is empty, and what is left out."""
    if not comparison.base.fleet.clusters:
        yield from comparison.base.fleet.notes
    if not comparison.clusters:
        yield "no cluster was found at either revision, and only what clusters apply is compared"
    restless = {
        pair.part.name
        for cluster in comparison.clusters
        for pair in cluster.parts
        if pair.after and is_restless(pair.after)
    }
    if restless:
        yield (
            f"charts make some values anew at each render (passwords, certificates), which are no change: "
            f"{', '.join(sorted(restless))}"
        )
