"""The report as GitLab's code quality widget reads it."""

from __future__ import annotations

import json

from pytest_gitops.model import Location, Severity
from pytest_gitops.reports.report import Report, fingerprint, sentence

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def to_gitlab(report: Report) -> str:
    """Return the findings that have a place, as GitLab's subset of the Code Climate format."""
    issues = [
        {
            "check_name": finding.rule,
            "description": sentence(finding),
            "fingerprint": fingerprint(finding),
            "severity": _SEVERITIES[finding.severity],
            "location": _location(finding.location, report),
        }
        for finding in report.findings
        if finding.location
    ]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _location(location: Location, report: Report) -> dict[str, object]:
    return {"path": report.path(location), "lines": {"begin": location.line or 1}}
