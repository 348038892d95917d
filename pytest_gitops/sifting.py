"""Takes back what rendering shows to be a wrong guess about clusters that no file declares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pytest_gitops.discovery import Entry, Reach, apart, is_part
from pytest_gitops.model import Failed
from pytest_gitops.recursion import ClusterRun


def without_directory(reach: Reach, run: ClusterRun) -> Entry | None:
    """Return a cluster's entry without its directory, None where the directory is right or must do.

    A directory is a wrong guess where its build fails in a file that holds nothing of Flux's.
    """
    root = next(run.ordered(), None)
    if root is None or not root.implicit or not isinstance(root.outcome, Failed):
        return None
    finding = root.outcome.findings[0]
    if finding.location is None or reach.declared_in([finding.location.file]):
        return None
    entry = apart(reach, run.entry)
    return replace(entry, set_aside=f"{finding.location}: {finding.message}") if entry else None


def without_parts(reach: Reach, runs: Sequence[ClusterRun]) -> list[ClusterRun]:
    """Return the clusters less those that others turned out to lead to."""
    readers = Counter(file for run in runs for file in _read(run))
    return [run for run in runs if not (_is_implied(run) and is_part(reach, run.entry, _others(run, readers)))]


def _others(run: ClusterRun, readers: Counter[str]) -> set[str]:
    return {file for file in _read(run) if readers[file] > 1}


def _read(run: ClusterRun) -> set[str]:
    return set(_files(node.rendered.reads for node in run.ordered() if node.rendered is not None))


def _files(reads: Iterable[Iterable[str]]) -> Iterable[str]:
    return (file for files in reads for file in files)


def _is_implied(run: ClusterRun) -> bool:
    return any(root.implicit for root in run.entry.roots)
