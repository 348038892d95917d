"""The report as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pytest_gitops.checks.rule import Rule
from pytest_gitops.model import Finding, Location, Severity
from pytest_gitops.reports.report import Report, fingerprint

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def to_sarif(report: Report) -> str:
    """Return the report as SARIF text, its paths relative to the root of the version-controlled tree."""
    rules = sorted({finding.rule for finding in report.findings})
    driver = {
        "name": "pytest-gitops",
        "version": report.version,
        "informationUri": "https://pypi.org/project/pytest-gitops/",
        "rules": [_rule(id, report.rules.get(id)) for id in rules],
    }
    results = [_result(finding, rules, report) for finding in report.findings]
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "utf16CodeUnits"}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(id: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": id}
    found: dict[str, Any] = {
        "id": id,
        "shortDescription": {"text": rule.description or id},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.check, rule.set]},
    }
    if rule.remedy:
        found["help"] = {"text": rule.remedy}
    if rule.source:
        found["helpUri"] = rule.source
    return found


def _result(finding: Finding, rules: Sequence[str], report: Report) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}\n{finding.remedy}" if finding.remedy else finding.message},
        "partialFingerprints": {"finding/v1": fingerprint(finding)},
        "properties": {"clusters": list(finding.clusters), "resource": finding.resource},
    }
    if finding.location:
        result["locations"] = [_location(finding.location, report)]
    if finding.chain:
        result["relatedLocations"] = [_location(location, report) for location in finding.chain]
    return result


def _location(location: Location, report: Report) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(report.path(location)), "uriBaseId": "%SRCROOT%"}}
    if location.line is not None:
        physical["region"] = {"startLine": location.line}
    return {"physicalLocation": physical}
