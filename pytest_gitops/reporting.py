"""What the terminal says besides the tests themselves: header, progress while rendering, and summary."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_gitops.items import SUSPENDED
from pytest_gitops.model import Cluster, LiveRun
from pytest_gitops.session import GitopsSession

SHOWN = 3
PATIENCE = 1.0
REFRESH = 0.1
# How a skip says that a source or a chart can't be had, and why.
ABSENT = re.compile(r" is not available here( \(.+\))?; give a local directory for it")


def header(session: GitopsSession, cwd: Path) -> str:
    """Return the line that says what was found, and what renders it."""
    fleet = session.fleet
    found = []
    if fleet.clusters:
        found.append(_count(len(fleet.clusters), "cluster") + _clusters(fleet.clusters))
        found.append(_count(sum(len(cluster.kustomizations) for cluster in fleet.clusters), "Kustomization"))
        counts = {
            "HelmRelease": sum(len(cluster.helm_releases) for cluster in fleet.clusters),
            "ResourceSet": sum(len(cluster.resource_sets) for cluster in fleet.clusters),
        }
        found += [_count(number, kind) for kind, number in counts.items() if number]
    if fleet.overlays:
        found.append(_count(len(fleet.overlays), "overlay"))
    root = os.path.relpath(session.root, cwd).replace(os.sep, "/")
    return f"gitops: {root}/ — {', '.join(found)}; {fleet.engine}"


def _clusters(clusters: Sequence[Cluster]) -> str:
    """Return the clusters' names, each with its Flux version; the version once where they agree."""
    versions = {cluster.flux_version for cluster in clusters}
    if len(versions) == 1:
        names, common = [cluster.name for cluster in clusters], f"; Flux {versions.pop()}"
        return f" ({shortened(names)}{'' if clusters[0].flux_version is None else common})"
    names = [f"{c.name}: Flux {c.flux_version}" if c.flux_version else c.name for c in clusters]
    return f" ({shortened(names)})"


def shortened(names: Sequence[str], shown: int = SHOWN) -> str:
    """Return the names as one text, the end of a long list as a number."""
    if len(names) <= shown + 1:
        return ", ".join(names)
    return f"{', '.join(names[:shown])} and {len(names) - shown} more"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


class Progress:
    """Shows how much is rendered on a terminal, from the second second on; nothing with ``-q`` or without one.

    Call it with the number of parts done, and the number there are; both may grow.
    """

    def __init__(self, config: pytest.Config) -> None:
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        self._terminal: Any = terminal if terminal and terminal.isatty and terminal.verbosity >= 0 else None
        self._next = time.monotonic() + PATIENCE
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._terminal is None or now < self._next:
            return
        self._next = now + REFRESH
        self._shown = True
        self._terminal.rewrite(f"gitops: rendering {done}/{total}", erase=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._shown:
            self._terminal.rewrite("", erase=True)
            self._terminal.rewrite("")


def with_suspension(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Return how ``-v`` tells the result of a suspended Kustomization, None for any other report."""
    if report.when == "call" and report.passed and (SUSPENDED, True) in map(tuple, report.user_properties):
        return "passed", ".", "PASSED (suspended)"
    return None


def write_summary(terminal: Any, notes: Sequence[str]) -> None:
    """Write what was skipped and why, what is suspended, and the fleet's notes; nothing where there is nothing."""
    ours = list(_ours(terminal.stats))
    skipped = _by_reason(ours)
    suspended = _titles(report for report in ours if (SUSPENDED, True) in map(tuple, report.user_properties))
    if terminal.verbosity < 0:
        _write_short(terminal, skipped, suspended)
    elif skipped or suspended or notes:
        terminal.section("gitops")
        for reason, reports in skipped.items():
            terminal.line(f"{len(reports)} skipped: {reason}")
            terminal.line(f"    {shortened(_titles(reports))}")
        if suspended:
            terminal.line(f"{len(suspended)} suspended: the cluster applies no change of these until they are resumed")
            terminal.line(f"    {shortened(suspended)}")
        for note in notes:
            terminal.line(f"note: {note}")


def live_notes(runs: Iterable[LiveRun]) -> Iterator[str]:
    """Yield what wasn't real in the live clusters that checks were made in, each kind of cluster once."""
    by_kind: dict[tuple[str, str, tuple[str, ...]], list[LiveRun]] = {}
    for run in runs:
        by_kind.setdefault((run.check, run.description, run.simulated), []).append(run)
    for (check, description, simulated), alike in by_kind.items():
        names = shortened(list(dict.fromkeys(run.cluster for run in alike)))
        pretended = f"; only simulated: {', '.join(simulated)}" if simulated else ""
        yield f"{check} of {names} in a {description}{pretended}"
        for run in alike:
            if run.assumed:
                yield f"{run.cluster}: taken for ready, as it can't be had here: {shortened(run.assumed)}"
            if run.open:
                yield f"{run.cluster}: anything is taken for a {' or '.join(run.open)}, which nothing here defines"


def _write_short(terminal: Any, skipped: dict[str, list[Any]], suspended: Sequence[str]) -> None:
    told = [f"{len(reports)} skipped ({reason})" for reason, reports in skipped.items()]
    told += [f"{len(suspended)} suspended"] if suspended else []
    if told:
        terminal.line(f"gitops: {shortened(told)}")


def _ours(stats: dict[str, list[Any]]) -> Iterator[Any]:
    """Yield the final report of each of this plugin's items that was run."""
    for reports in stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call" and "gitops" in report.keywords:
                yield report


def _by_reason(reports: Iterable[Any]) -> dict[str, list[Any]]:
    """Return the skipped reports by their reason, the commonest first."""
    grouped: dict[str, list[Any]] = {}
    for report in reports:
        if report.skipped and isinstance(report.longrepr, tuple):
            grouped.setdefault(report.longrepr[2].removeprefix("Skipped: "), []).append(report)
    return dict(sorted(_with_absent(grouped).items(), key=lambda entry: -len(entry[1])))


def _with_absent(grouped: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Take what is not available here for the same reason together: each source has a text of its own."""
    absent: dict[str, list[str]] = {}
    for reason in grouped:
        if found := ABSENT.search(reason):
            absent.setdefault(found[1] or "", []).append(reason)
    told = dict(grouped)
    for why, reasons in absent.items():
        if len(reasons) > 1:
            told[f"what they need is not available here{why}; -rs says what"] = [
                report for reason in reasons for report in told.pop(reason)
            ]
    return told


def _titles(reports: Iterable[Any]) -> list[str]:
    """Return what the reports are about, each once: a Kustomization has a report for each check."""
    return list(dict.fromkeys(map(_title, reports)))


def _title(report: Any) -> str:
    """Return the headline of a report without the check's name."""
    title: str = report.head_line.rpartition(": ")[0]
    return title or report.nodeid
