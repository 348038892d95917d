"""What is told of objects out of charts that others make: what the user's values cause, and what can't work."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from textwrap import dedent

import pytest
from fleet_files import Files, bootstrap, kustomization, namespace
from fleet_outcomes import loaded

from pytest_gitops.checks import FleetIndex, Selection, built_in, rule, run
from pytest_gitops.checks.rule import Violation
from pytest_gitops.model import Severity
from pytest_gitops.validation import SchemaJudge

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: docker.io/example/web
          envFrom:
            - configMapRef: {name: {{ .Values.settings }}}
"""
FILES = {"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "web/templates/web.yaml": DEPLOYMENT}


def fleet(values: str) -> Files:
    objects = dedent("""\
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: HelmRepository
        metadata: {name: charts, namespace: apps}
        spec: {interval: 1h, url: "https://charts.example.com"}
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web, namespace: apps}
        spec:
          interval: 1h
          chart: {spec: {chart: web, version: 1.0.0, sourceRef: {kind: HelmRepository, name: charts}}}
          values:
        """)
    lines = "".join(f"    {line}\n" for line in values.splitlines())
    return {
        **bootstrap("prod"),
        "clusters/prod/apps.yaml": kustomization("apps", "./apps"),
        "apps/objects.yaml": f"{namespace('apps')}---\n{objects}{lines}",
    }


def told(root: Path, values: str, *rules: object, foreign: bool = False) -> list[tuple[str, str, str, str]]:
    """Return what is said of the chart's objects: rule, severity, place and message."""
    charts = root / "charts"
    charts.mkdir()
    with tarfile.open(charts / "web-1.0.0.tgz", "w:gz") as archive:
        for name, text in (FILES | {"web/values.yaml": "replicas: 1\nsettings: made-at-run-time\n"}).items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    found = loaded(root / "fleet", fleet(values), sources={"HelmRepository/apps/charts": charts})
    results = run(FleetIndex(found), [*built_in(), *rules], Selection(foreign=foreign), SchemaJudge())  # type: ignore[list-item]
    return [
        (finding.rule, finding.severity.value, str(finding.location), finding.message)
        for finding in results.findings
        if finding.resource == "Deployment/apps/web"
    ]


def test_what_a_chart_does_by_itself_is_an_info_at_most(tmp_path: Path) -> None:
    (found,) = told(tmp_path, "replicas: 2")
    assert found[:3] == ("config-map-missing", "info", "apps/objects.yaml:11")
    assert found[3].endswith("(from web/templates/web.yaml)")


def test_what_a_value_asks_for_is_an_error_at_the_value(tmp_path: Path) -> None:
    (found,) = told(tmp_path, "replicas: 2\nsettings: not-there")
    assert found[:3] == ("config-map-missing", "error", "apps/objects.yaml:19")


def test_what_the_api_server_refuses_is_an_error(tmp_path: Path) -> None:
    found = told(tmp_path, "replicas: many")
    assert [(name, severity, place) for name, severity, place, _message in found if severity == "error"] == [
        ("schema-type", "error", "apps/objects.yaml:18")
    ]


def test_they_can_be_judged_as_the_user_s_own(tmp_path: Path) -> None:
    found = {name: severity for name, severity, _place, _message in told(tmp_path, "replicas: 2", foreign=True)}
    style = dict.fromkeys(("image-tag", "memory-limit", "resource-requests"), "warning")
    assert found == {"config-map-missing": "error", **style}


@pytest.mark.parametrize("severity", ["warning", "error"])
def test_own_rules_look_at_everything(tmp_path: Path, severity: str) -> None:
    @rule("own-registry", kinds=("Deployment",), severity=severity, description="Images come from our registry.")
    def own_registry(resource):  # type: ignore[no-untyped-def]
        yield Violation("not ours", ("spec",))

    found = told(tmp_path, "replicas: 2", own_registry)
    assert [entry[:2] for entry in found if entry[0] == "own-registry"] == [("own-registry", Severity(severity).value)]
