"""Collects what the items say, in the process that sees all of them, and writes the reports."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pytest_gitops
from pytest_gitops.checking import rules
from pytest_gitops.items import CHECK, FINDING
from pytest_gitops.model import Finding, Location, Severity
from pytest_gitops.reports import Checked, Destination, Report
from pytest_gitops.reports.github import workflow_commands
from pytest_gitops.session import SESSION

_UNDONE = (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED)


class Publisher:
    """Hooks that gather the reports of this plugin's items; under pytest-xdist it belongs to the controller."""

    def __init__(self, config: pytest.Config, destinations: tuple[Destination, ...]) -> None:
        self._config = config
        self._destinations = destinations
        self._items: dict[str, Checked] = {}
        self._findings: dict[str, Finding] = {}
        self._unwritten: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what an item reports."""
        properties = dict(report.user_properties)
        if report.when != "call" or CHECK not in properties:
            return
        self._items[report.nodeid] = _checked(report, properties)
        for name, text in report.user_properties:
            if name == FINDING:
                self._findings.setdefault(str(text), _finding(json.loads(str(text))))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports; one that can't be written makes the run a failed one."""
        for destination in self._destinations:
            try:
                destination.write(self._report())
            except OSError as error:
                self._unwritten.append(f"the report {destination.path} can't be written: {error.strerror}")
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any, exitstatus: int | pytest.ExitCode) -> None:
        """Show the review, annotate the commit where GitHub Actions runs this, and say which report isn't there."""
        if exitstatus not in _UNDONE and (review := self._config.stash[SESSION].review):
            from pytest_gitops.review.reports import write_review  # noqa: PLC0415 (most runs review nothing)

            write_review(terminalreporter, review)
        if os.environ.get("GITHUB_ACTIONS") == "true":
            for line in workflow_commands(self._report()):
                terminalreporter.line(line)
        for problem in self._unwritten:
            terminalreporter.line(f"gitops: {problem}", red=True)

    def _report(self) -> Report:
        session = self._config.stash[SESSION]
        return Report(
            version=pytest_gitops.__version__,
            engine=session.fleet.engine,
            items=tuple(self._items.values()),
            findings=tuple(sorted(self._findings.values(), key=_order)),
            rules={rule.id: rule for rule in rules(self._config)},
            prefix=_prefix(session.fleet.root),
            review=session.review,
            live=session.live,
        )


def _checked(report: pytest.TestReport, properties: dict[str, object]) -> Checked:
    reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else None
    cluster, part = properties.get("cluster"), properties.get("kustomization") or properties.get("overlay")
    line = properties["line"]
    return Checked(
        id=report.nodeid,
        check=str(properties[CHECK]),
        outcome=report.outcome,
        location=Location(str(properties["file"]), line if isinstance(line, int) else None),
        cluster=str(cluster) if cluster is not None else None,
        part=str(part) if part is not None else None,
        reason=reason,
    )


def _finding(given: dict[str, Any]) -> Finding:
    location = given["location"]
    return Finding(
        rule=given["rule"],
        severity=Severity(given["severity"]),
        message=given["message"],
        location=Location(**location) if location else None,
        resource=given["resource"],
        clusters=tuple(given["clusters"]),
        remedy=given["remedy"],
        chain=tuple(Location(**place) for place in given["chain"]),
    )


def _order(finding: Finding) -> tuple[object, ...]:
    severities = list(Severity)
    location = finding.location or Location("")
    return (severities.index(finding.severity), location.file, location.line or 0, finding.rule, finding.message)


def _prefix(root: Path) -> str:
    """Return the way from the nearest directory above that git manages to the repository; empty without one."""
    top = next(_managed(root), root)
    relative = root.relative_to(top).as_posix()
    return "" if relative == "." else f"{relative}/"


def _managed(root: Path) -> Iterator[Path]:
    return (path for path in (root, *root.parents) if (path / ".git").exists())
