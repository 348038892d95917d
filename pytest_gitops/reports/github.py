"""Findings as GitHub Actions annotates them."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.model import Finding, Severity
from pytest_gitops.reports.report import Report, sentence

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def workflow_commands(report: Report) -> Iterator[str]:
    """Yield a workflow command for each error and warning, errors first: GitHub shows only some of each step."""
    for severity, command in _COMMANDS.items():
        for finding in report.findings:
            if finding.severity is severity:
                yield _annotation(command, finding, report)


def _annotation(command: str, finding: Finding, report: Report) -> str:
    properties = {"title": f"pytest-gitops: {finding.rule}"}
    if finding.location:
        properties = {
            "file": report.path(finding.location),
            "line": str(finding.location.line or 1),
            **properties,
        }
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{command} {given}::{_data(sentence(finding))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
