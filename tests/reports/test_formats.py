"""Reports have the shape that their readers expect, and hold every finding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import pytest_gitops.reports
from pytest_gitops.checks import built_in
from pytest_gitops.model import Finding, LiveRun, Location, Moment, Severity
from pytest_gitops.reports import FORMATS, Checked, Report, UnknownFormatError, destination
from pytest_gitops.reports.github import workflow_commands
from pytest_gitops.settings import APPLY, CHECKS, RECONCILE, REVIEW, SNAPSHOT

SARIF_SCHEMA = Path(__file__).resolve().parents[1] / "tools" / "bin" / "sarif-schema.json"
JSON_SCHEMA = Path(pytest_gitops.reports.__file__).with_name("report.schema.json")

FINDINGS = (
    Finding(
        rule="privileged",
        severity=Severity.WARNING,
        message="container web is privileged: 100 %",
        location=Location("apps/web & co.yaml", 12),
        resource="Deployment/web/web",
        clusters=("production", "staging"),
        remedy="Remove `privileged: true`,\nand more.",
        chain=(Location("clusters/production/apps.yaml", 3), Location("apps/kustomization.yaml")),
    ),
    Finding(rule="build", severity=Severity.ERROR, message="no such file", location=Location("apps/x.yaml")),
    Finding(rule="schema-unavailable", severity=Severity.INFO, message="nothing is known of 2 kinds"),
)

ITEMS = (
    Checked("a::build", "build", "failed", Location("a.yaml", 1), cluster="production", part="flux-system/apps"),
    Checked("a::graph", "graph", "passed", Location("a.yaml", 1), cluster="production"),
    Checked("b::build", "build", "skipped", Location("b.yaml"), part="apps/b", reason="not here"),
)

LIVE = (
    LiveRun("apply", "production", "hermetic cluster"),
    LiveRun(
        "reconcile",
        "staging",
        "hermetic cluster",
        simulated=("nodes", "pods"),
        assumed=("HelmRelease/web/web",),
        open=("Certificate",),
        timeline=(Moment(1.5, "flux-system/apps", "True", "ReconciliationSucceeded", "Applied", "main@sha1:1"),),
    ),
)


@pytest.fixture
def report() -> Report:
    """Return a report with findings of every severity, with and without a place."""
    rules = {rule.id: rule for rule in built_in()}
    return Report("1.2.3", "engine 1", ITEMS, FINDINGS, rules, prefix="fleet/", live=LIVE)


def read(report: Report, name: str) -> Any:
    """Return a report's document in one of the formats."""
    return json.loads(FORMATS[name](report))


def test_json_keeps_its_schema(report: Report) -> None:
    schema = json.loads(JSON_SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(read(report, "json"), schema)


def test_the_schema_knows_every_check() -> None:
    schema = json.loads(JSON_SCHEMA.read_text(encoding="utf-8"))
    known = schema["properties"]["items"]["items"]["properties"]["check"]["enum"]
    assert known == [*CHECKS, SNAPSHOT, REVIEW, APPLY, RECONCILE]


def test_json_holds_all(report: Report) -> None:
    document = read(report, "json")
    assert document["summary"] == {
        "items": {"passed": 1, "failed": 1, "skipped": 1},
        "findings": {"error": 1, "warning": 1, "info": 1},
    }
    assert document["findings"][0] == {
        "rule": "privileged",
        "severity": "warning",
        "message": "container web is privileged: 100 %",
        "location": {"file": "apps/web & co.yaml", "line": 12},
        "resource": "Deployment/web/web",
        "clusters": ["production", "staging"],
        "remedy": "Remove `privileged: true`,\nand more.",
        "chain": [
            {"file": "clusters/production/apps.yaml", "line": 3},
            {"file": "apps/kustomization.yaml", "line": None},
        ],
        "documentation": "https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    }


def test_json_tells_what_happened_in_live_clusters(report: Report) -> None:
    assert read(report, "json")["live"] == [
        {
            "check": "apply",
            "cluster": "production",
            "description": "hermetic cluster",
            "simulated": [],
            "assumed": [],
            "open": [],
            "timeline": [],
        },
        {
            "check": "reconcile",
            "cluster": "staging",
            "description": "hermetic cluster",
            "simulated": ["nodes", "pods"],
            "assumed": ["HelmRelease/web/web"],
            "open": ["Certificate"],
            "timeline": [
                {
                    "seconds": 1.5,
                    "name": "flux-system/apps",
                    "ready": "True",
                    "reason": "ReconciliationSucceeded",
                    "message": "Applied",
                    "revision": "main@sha1:1",
                }
            ],
        },
    ]


@pytest.mark.skipif(not SARIF_SCHEMA.exists(), reason="run python tests/tools/build.py sarif-schema.json")
@pytest.mark.parametrize("findings", [FINDINGS, ()], ids=["findings", "none"])
def test_sarif_keeps_the_official_schema(report: Report, findings: tuple[Finding, ...]) -> None:
    schema = json.loads(SARIF_SCHEMA.read_text(encoding="utf-8"))
    document = read(Report("1.2.3", "engine 1", ITEMS, findings, report.rules), "sarif")
    problems = jsonschema.Draft4Validator(schema).iter_errors(document)
    assert [problem.message for problem in problems] == []


def test_sarif_holds_all(report: Report) -> None:
    (run,) = read(report, "sarif")["runs"]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("privileged", "warning"),
        ("build", "error"),
        ("schema-unavailable", "note"),
    ]
    assert [run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    assert run["results"][0]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "fleet/apps/web%20%26%20co.yaml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 12},
            }
        }
    ]


def test_gitlab_holds_what_has_a_place(report: Report) -> None:
    issues = read(report, "gitlab")
    assert [(issue["check_name"], issue["severity"], issue["location"]) for issue in issues] == [
        ("privileged", "minor", {"path": "fleet/apps/web & co.yaml", "lines": {"begin": 12}}),
        ("build", "major", {"path": "fleet/apps/x.yaml", "lines": {"begin": 1}}),
    ]
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def test_github_commands_are_escaped(report: Report) -> None:
    assert list(workflow_commands(report)) == [
        "::error file=fleet/apps/x.yaml,line=1,title=pytest-gitops%3A build::no such file",
        (
            "::warning file=fleet/apps/web & co.yaml,line=12,title=pytest-gitops%3A privileged"
            "::container web is privileged: 100 %25 (clusters: production, staging)%0A"
            "Remove `privileged: true`,%0Aand more."
        ),
    ]


@pytest.mark.parametrize(
    ("text", "name", "path"),
    [
        ("report.json", "json", "report.json"),
        ("out/report.sarif", "sarif", "out/report.sarif"),
        ("report.sarif.json", "sarif", "report.sarif.json"),
        ("gl-code-quality-report.json", "gitlab", "gl-code-quality-report.json"),
        ("gitlab:report.json", "gitlab", "report.json"),
        ("sarif:report", "sarif", "report"),
        ("out/review.json", "review", "out/review.json"),
        ("json:review.json", "json", "review.json"),
        ("review:out.json", "review", "out.json"),
        ("comment.MD", "markdown", "comment.MD"),
        ("page.html", "html", "page.html"),
        ("page.htm", "html", "page.htm"),
        ("html:page", "html", "page"),
    ],
)
def test_a_name_tells_the_format(tmp_path: Path, text: str, name: str, path: str) -> None:
    found = destination(text, tmp_path)
    assert (found.format, found.path) == (name, tmp_path / path)


@pytest.mark.parametrize("text", ["report.xml", "json", "yaml:report"])
def test_a_name_that_tells_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnknownFormatError) as error:
        destination(text, tmp_path)
    choices = "json:, sarif:, gitlab:, review:, markdown:, html:"
    assert str(error.value) == f"{text!r} tells no format; put one in front of it: {choices}"
