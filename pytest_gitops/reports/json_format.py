"""The report as JSON, in the shape that ``report.schema.json`` describes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from pytest_gitops.model import Finding, Location
from pytest_gitops.reports.report import Checked, Report

VERSION = 1
_OUTCOMES = ("passed", "failed", "skipped")
_SEVERITIES = ("error", "warning", "info")


def to_json(report: Report) -> str:
    """Return the report as JSON text."""
    outcomes = Counter(item.outcome for item in report.items)
    severities = Counter(finding.severity.value for finding in report.findings)
    document = {
        "version": VERSION,
        "tool": {"name": "pytest-gitops", "version": report.version, "engine": report.engine},
        "summary": {
            "items": {name: outcomes[name] for name in _OUTCOMES},
            "findings": {name: severities[name] for name in _SEVERITIES},
        },
        "items": [_item(item) for item in report.items],
        "findings": [_finding(finding, report) for finding in report.findings],
        "live": [asdict(run) for run in report.live],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _item(item: Checked) -> dict[str, Any]:
    return {
        "id": item.id,
        "check": item.check,
        "cluster": item.cluster,
        "part": item.part,
        "outcome": item.outcome,
        "reason": item.reason,
        "location": _location(item.location),
    }


def _finding(finding: Finding, report: Report) -> dict[str, Any]:
    rule = report.rules.get(finding.rule)
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "location": _location(finding.location) if finding.location else None,
        "resource": finding.resource,
        "clusters": list(finding.clusters),
        "remedy": finding.remedy,
        "chain": [_location(location) for location in finding.chain],
        "documentation": rule.source if rule else None,
    }


def _location(location: Location) -> dict[str, Any]:
    return {"file": location.file, "line": location.line}
