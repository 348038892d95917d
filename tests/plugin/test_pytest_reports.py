"""``--gitops-report`` and the annotations of GitHub Actions, alone and with workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fleet_files import bootstrap, kustomization, overlay, write_files
from running import Run

SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: web
  namespace: web
stringData:
  password: hunter2
"""


@pytest.fixture(autouse=True)
def _leaky(pytester: pytest.Pytester) -> None:
    """Two clusters that share one file with a plaintext Secret, as the current directory."""
    files = {"apps/secret.yaml": SECRET, "apps/kustomization.yaml": overlay("secret.yaml")}
    for cluster in ("production", "staging"):
        files |= bootstrap(cluster) | {f"clusters/{cluster}/apps.yaml": kustomization("apps", "./apps")}
    write_files(pytester.path, files)


def read(path: Path) -> Any:
    """Return a JSON document."""
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_format_in_one_run_checks(pytester: pytest.Pytester, run_checks: Run) -> None:
    names = ["out/report.json", "report.sarif", "gitlab:quality.json"]
    result = run_checks("--gitops-rule=plaintext-secret", *(f"--gitops-report={name}" for name in names))
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    report = read(pytester.path / "out" / "report.json")
    assert [(f["rule"], f["location"], f["clusters"]) for f in report["findings"]] == [
        ("plaintext-secret", {"file": "apps/secret.yaml", "line": 7}, ["production", "staging"])
    ]
    failed = [item["id"].partition("::")[2] for item in report["items"] if item["outcome"] == "failed"]
    assert sorted(failed) == ["production::flux-system/apps::policy", "staging::flux-system/apps::policy"]
    assert len(read(pytester.path / "report.sarif")["runs"][0]["results"]) == 1
    assert len(read(pytester.path / "quality.json")) == 1


def test_no_report_holds_a_secret(pytester: pytest.Pytester, run_checks: Run) -> None:
    names = ["report.json", "report.sarif", "code-quality.json"]
    result = run_checks("-v", "-rA", "--junitxml=junit.xml", *(f"--gitops-report={name}" for name in names))
    for name in (*names, "junit.xml"):
        assert "hunter2" not in (pytester.path / name).read_text(encoding="utf-8")
    assert "hunter2" not in result.stdout.str()


def test_github_actions_gets_annotations(run_checks: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = run_checks("--gitops-rule=plaintext-secret")
    commands = [line for line in result.outlines if line.startswith("::")]
    assert len(commands) == 1
    assert commands[0].startswith("::error file=apps/secret.yaml,line=7,title=pytest-gitops%3A plaintext-secret::")


def test_an_unknown_format_is_a_usage_error(run_checks: Run) -> None:
    result = run_checks("--gitops-report=report.txt")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --gitops-report: 'report.txt' tells no format" in result.stderr.str()


def test_a_report_that_cannot_be_written_fails_the_run_checks(pytester: pytest.Pytester, run_checks: Run) -> None:
    (pytester.path / "taken").write_text("", encoding="utf-8")
    result = run_checks("--gitops-check=build", "--gitops-report=taken/report.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert any("taken/report.json can't be written" in line for line in result.outlines)
