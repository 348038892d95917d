"""What the terminal and the reports say, compared whole."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from inspect import cleandoc
from pathlib import Path

import pytest
from fleet_files import config_map, overlay, two_clusters, write_files
from running import PRODUCTION, REASON, STAGING, Run, normalised, troubled_fleet, troubles

CLUSTERS = "2 clusters (production, staging; Flux v2.9.5)"
HEADER = f"gitops: ./ — {CLUSTERS}, 12 Kustomizations, 1 overlay; engine 0.1.0 (Flux 2.9.5)"
FAILURES = """\
=== production / flux-system/broken: build ===
apps/broken/kustomization.yaml:5: resources: production.yaml does not exist
  from clusters/production/apps.yaml:14
  from clusters/production/flux-system/gotk-sync.yaml:12
  remedy: write apps/broken/production.yaml, or take it off the list
=== staging / flux-system/broken: build ===
apps/broken/kustomization.yaml:5: resources: staging.yaml does not exist
  from clusters/staging/apps.yaml:14
  from clusters/staging/flux-system/gotk-sync.yaml:12
  remedy: write apps/broken/staging.yaml, or take it off the list
"""
SUMMARY = f"""\
=== gitops ===
4 skipped: {REASON}
    production / flux-system/far, production / flux-system/farther, staging / flux-system/far, \
staging / flux-system/farther
2 suspended: the cluster applies no change of these until they are resumed
    production / flux-system/asleep, staging / flux-system/asleep
note: all is not well
"""


def after(marker: str, lines: Sequence[str]) -> str:
    """Return the normalised output from the line that holds the marker on, without workers' names."""
    start = next(index for index, line in enumerate(lines) if marker in line)
    return re.sub(r"\[gw\d\] .*\n", "", normalised(lines[start:]) + "\n")


@pytest.mark.usefixtures("told")
def test_a_run(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=build", "-rN")
    assert (
        normalised(result.outlines)
        == cleandoc(
            f"""
        === test session starts ===
        …
        {HEADER}
        …
        …
        collected 13 items

        apps/canary/kustomization.yaml .{"":121}[  7%]
        clusters/production/flux-system/gotk-sync.yaml ..F.ss{"":100}[ 53%]
        clusters/staging/flux-system/gotk-sync.yaml ..F.ss{"":103}[100%]

        """
        )
        + "\n\n=== FAILURES ===\n"
        + FAILURES
        + SUMMARY
        + "=== 2 failed, 7 passed, 4 skipped in 0.00s ==="
    )


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("style", ["auto", "long", "short", "native"])
def test_a_failure_reads_the_same_in_every_traceback_style(run: Run, style: str) -> None:
    lines = run(f"--tb={style}", "-rN", "-k", "broken and production").outlines
    failure, _, end = after("FAILURES", lines).partition("=== gitops ===")
    assert failure == "=== FAILURES ===\n" + FAILURES[: FAILURES.index("=== staging")]
    assert "1 failed" in end


@pytest.mark.usefixtures("told")
def test_summary_lines(run: Run) -> None:
    lines = run("--tb=no", "-q").outlines
    problem = "apps/broken/kustomization.yaml:5: resources"
    assert sorted(line[: line.rindex(":")] for line in lines if line.startswith("FAILED")) == [
        f"FAILED {cluster}::flux-system/broken::build - {problem}" for cluster in (PRODUCTION, STAGING)
    ]


@pytest.mark.usefixtures("told")
def test_the_quiet_summary_is_one_line(run: Run) -> None:
    lines = run("-q", "--tb=no").outlines
    assert [line for line in lines if line.startswith("gitops")] == [f"gitops: 4 skipped ({REASON}), 2 suspended"]


@pytest.mark.usefixtures("healthy")
def test_a_healthy_fleet_has_no_summary(run: Run) -> None:
    lines = run().outlines
    (header,) = [line for line in lines if "gitops" in line and "plugins" not in line and "gotk" not in line]
    assert header.startswith(
        "gitops: ./ — 2 clusters (production, staging; Flux v2.9.5), 4 Kustomizations, 1 overlay; "
    )


@pytest.mark.usefixtures("told")
def test_skips_are_where_the_kustomization_is_declared(run: Run) -> None:
    lines = run("-rs", "--tb=no", "-q").outlines
    assert sorted(line for line in lines if line.startswith("SKIPPED")) == [
        f"SKIPPED [1] clusters/{cluster}/apps.yaml:{line}: {REASON}"
        for cluster in ("production", "staging")
        for line in (52, 65)
    ]


@pytest.mark.usefixtures("told")
def test_suspended_ones_are_told_when_verbose(run: Run) -> None:
    assert len([line for line in run("-v", "--tb=no").outlines if "PASSED (suspended)" in line]) == 2


@pytest.mark.usefixtures("told")
def test_junit(run: Run, pytester: pytest.Pytester) -> None:
    run(
        "--junitxml=junit.xml",
        "-k",
        "production and (broken or far)",
        "--deselect",
        f"{PRODUCTION}::flux-system/farther",
    )
    cases = {
        case.get("classname", "").rpartition("/")[2]: (
            {p.get("name"): p.get("value") for p in case.iter("property")},
            [(child.tag, child.get("message"), child.text) for child in case if child.tag != "properties"],
        )
        for case in ET.parse(pytester.path / "junit.xml").iter("testcase")  # noqa: S314 (pytest wrote it)
    }
    finding = {
        "rule": "build",
        "severity": "error",
        "message": "resources: production.yaml does not exist",
        "location": {"file": "apps/broken/kustomization.yaml", "line": 5},
        "resource": "Kustomization/flux-system/broken",
        "clusters": ["production"],
        "remedy": "write apps/broken/production.yaml, or take it off the list",
        "chain": [
            {"file": "clusters/production/flux-system/gotk-sync.yaml", "line": 12},
            {"file": "clusters/production/apps.yaml", "line": 14},
        ],
    }
    text = FAILURES.split("===")[2].strip()
    message = text.splitlines()[0]
    assert json.loads(cases["broken"][0].pop("gitops_finding") or "") == finding
    common = {"cluster": "production", "check": "build", "file": "clusters/production/apps.yaml"}
    assert cases == {
        "broken": (
            {**common, "kustomization": "flux-system/broken", "line": "14"},
            [("failure", message, text)],
        ),
        "far": (
            {**common, "kustomization": "flux-system/far", "line": "52"},
            [("skipped", REASON, f"{pytester.path}/clusters/production/apps.yaml:52: {REASON}")],
        ),
    }


def test_places_are_relative_to_where_pytest_runs(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    write_files(pytester.path / "fleet", troubles())
    monkeypatch.setattr("pytest_gitops.load", lambda path, **_options: troubled_fleet(Path(path)))
    lines = run("-rN", repo="fleet").outlines
    assert after("FAILURES", lines).splitlines()[1:5] == [
        "=== production / flux-system/broken: build ===",
        "fleet/apps/broken/kustomization.yaml:5: resources: production.yaml does not exist",
        "  from fleet/clusters/production/apps.yaml:14",
        "  from fleet/clusters/production/flux-system/gotk-sync.yaml:12",
    ]
    assert any(line.startswith("gitops: fleet/ — 2 clusters") for line in lines)


def test_long_lists_of_clusters_are_shortened(pytester: pytest.Pytester) -> None:
    files = {
        name.replace("staging", f"c{number}"): text.replace("staging", f"c{number}")
        for number in range(6)
        for name, text in two_clusters().items()
        if "production" not in name and "canary" not in name
    }
    write_files(pytester.path, files)
    (header,) = [
        line
        for line in pytester.runpytest_inprocess(
            "--gitops-repo=.", "--gitops-check=build", "--gitops-check=build"
        ).outlines
        if line.startswith("gitops:")
    ]
    assert header.startswith("gitops: ./ — 6 clusters (c0, c1, c2 and 3 more; Flux v2.9.5), 12 Kustomizations; ")


def test_clusters_with_different_versions_of_flux(healthy: Path, pytester: pytest.Pytester) -> None:
    path = healthy / "clusters/staging/flux-system/gotk-components.yaml"
    path.write_text(path.read_text().replace("v2.9.5", "v2.8.1"))
    (header,) = [
        line
        for line in pytester.runpytest_inprocess(
            "--gitops-repo=.", "--gitops-check=build", "--gitops-check=build"
        ).outlines
        if line.startswith("gitops:")
    ]
    assert header.startswith(
        "gitops: ./ — 2 clusters (production: Flux v2.9.5, staging: Flux v2.8.1), 4 Kustomizations"
    )


def test_a_repository_of_overlays_alone(pytester: pytest.Pytester) -> None:
    write_files(pytester.path, {"a/kustomization.yaml": overlay("a.yaml"), "a/a.yaml": config_map("a")})
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=build")
    (header,) = [line for line in result.outlines if line.startswith("gitops:")]
    assert header.startswith("gitops: ./ — 1 overlay; ")
    assert result.parseoutcomes() == {"passed": 1}
