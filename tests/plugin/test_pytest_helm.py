"""HelmReleases have items, markers, properties and fixtures as Kustomizations do."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from fleet_files import Files, bootstrap, kustomization, namespace, write_files
from running import Collect, Run, outcomes

FILE = "clusters/prod/flux-system/gotk-sync.yaml::prod"
WEB = f"{FILE}::HelmRelease/shop/web"
CHARTS = f"{FILE}::HelmRelease/shop/far"
ONE = "tests/test_own.py::test_one"


def release(name: str, chart: str, source: str) -> str:
    return dedent(f"""\
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {{name: {name}, namespace: shop}}
        spec:
          interval: 1h
          suspend: {"true" if name == "web" else "false"}
          chart: {{spec: {{chart: {chart}, sourceRef: {source}}}}}
        """)


def charted() -> Files:
    """Return a cluster with a chart of its own, and a release whose chart comes from nowhere."""
    own = "{kind: GitRepository, name: flux-system, namespace: flux-system}"
    return {
        **bootstrap("prod"),
        "clusters/prod/apps.yaml": kustomization("apps", "./apps"),
        "apps/objects.yaml": namespace("shop")
        + release("web", "./charts/web", own)
        + release("far", "far", "{kind: HelmRepository, name: charts}")
        + dedent("""\
            ---
            apiVersion: source.toolkit.fluxcd.io/v1
            kind: HelmRepository
            metadata: {name: charts, namespace: shop}
            spec: {interval: 1h, url: "https://charts.example.com"}
            """),
        "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\n",
        "charts/web/templates/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n",
        "charts/web/templates/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n",
    }


@pytest.fixture(autouse=True)
def repository(pytester: pytest.Pytester) -> Path:
    """The repository, as the current directory."""
    return write_files(pytester.path, charted())


def test_items(collect: Collect) -> None:
    found = collect(*(f"--gitops-check={check}" for check in ("schema", "references", "policy", "graph")))
    assert [item for item in found if "HelmRelease" in item] == [
        f"{WEB}::{check}" for check in ("build", "schema", "references", "policy")
    ] + [f"{CHARTS}::build"]
    assert found[-1] == f"{FILE}::graph"


def test_outcomes_and_reasons(run: Run) -> None:
    result = run("-v", "-rs")
    found = {name: outcome for name, outcome in outcomes(result).items() if "HelmRelease" in name}
    assert found == {f"{WEB}::build": "PASSED", f"{CHARTS}::build": "SKIPPED"}
    reason = (
        "chart far of HelmRepository/shop/charts (https://charts.example.com) is not available here; give a local "
        "directory for it with `sources: {HelmRepository/shop/charts: DIRECTORY}`"
    )
    assert f"SKIPPED [1] apps/objects.yaml:14: {reason}" in result.outlines


@pytest.mark.parametrize(
    ("expression", "items"),
    [
        ("gitops(helmrelease='shop/web')", [f"{WEB}::build"]),
        ("gitops(namespace='shop')", [f"{WEB}::build", f"{CHARTS}::build"]),
        ("gitops(kustomization='flux-system/apps')", [f"{FILE}::flux-system/apps::build"]),
    ],
)
def test_selection_by_marker(collect: Collect, expression: str, items: list[str]) -> None:
    assert collect("--gitops-check=build", "-m", expression) == items


@pytest.mark.parametrize(
    ("marker", "fixtures", "rounds"),
    [
        ("", "helm_release", ["HelmRelease/shop/web", "HelmRelease/shop/far"]),
        ("name='settings'", "resource", ["HelmRelease/shop/web/ConfigMap/shop/settings"]),
        ("kind='ServiceAccount'", "resource", ["HelmRelease/shop/web/ServiceAccount/shop/web"]),
        ("helmrelease='web'", "rendered", ["HelmRelease/shop/web"]),
        ("helmrelease='shop/*', kind='ConfigMap'", "resource", ["HelmRelease/shop/web/ConfigMap/shop/settings"]),
        ("kustomization='apps'", "rendered", ["flux-system/apps"]),
        ("helmrelease='web'", "cluster", [""]),
        ("", "rendered, kustomization", ["flux-system/flux-system", "flux-system/apps"]),
    ],
)
def test_fixtures(pytester: pytest.Pytester, run: Run, marker: str, fixtures: str, rounds: list[str]) -> None:
    source = f"import pytest\n@pytest.mark.gitops({marker})\ndef test_one({fixtures}):\n    pass\n"
    write_files(pytester.path, {"tests/test_own.py": source})
    expected = {f"{ONE}[prod{'/' if name else ''}{name}]" for name in rounds}
    assert set(outcomes(run("-v", "tests"))) == expected


def test_a_release_and_a_kustomization_at_once_are_refused(pytester: pytest.Pytester, run: Run) -> None:
    write_files(pytester.path, {"tests/test_own.py": "def test_one(helm_release, kustomization):\n    pass\n"})
    assert "no object is both a Kustomization and a HelmRelease" in run("tests").stdout.str()


def test_reports_name_releases(pytester: pytest.Pytester, run: Run) -> None:
    run("--junitxml=junit.xml", "-k", "HelmRelease")
    text = (pytester.path / "junit.xml").read_text()
    assert '<property name="helmrelease" value="shop/web"' in text


def test_a_fault_of_a_chart_is_told_at_its_template(pytester: pytest.Pytester, run_checks: Run) -> None:
    path = pytester.path / "charts/web/templates/config.yaml"
    path.write_text(path.read_text() + "data: {a: {{ .Values.deep.missing }}}\n")
    result = run_checks("-v")
    failed = [name for name, outcome in outcomes(result).items() if outcome == "FAILED"]
    assert failed == [f"{WEB}::build"]
    result.stdout.fnmatch_lines(
        ["*charts/web/templates/config.yaml:4: *", "  from apps/objects.yaml:6", "  rule: template"]
    )


def test_the_tree_shows_what_became_of_releases(run: Run) -> None:
    lines = run("--gitops-tree", "--collect-only", "-q").outlines
    found = [line.strip("│└├─ ").partition(":")[0] for line in lines if "HelmRelease/" in line and "::" not in line]
    assert found == ["HelmRelease/shop/web (suspended)", "HelmRelease/shop/far (skipped"]
