"""``--gitops-report`` for reviews and what the terminal says of one, alone and with workers."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
from fleet_files import config_map, kustomization, overlay
from running import Run

import pytest_gitops.review.reports
from pytest_gitops.review.reports import MARKER, from_json

SCHEMA = Path(pytest_gitops.review.reports.__file__).with_name("review.schema.json")
NAMES = ("out/review.json", "comment.md", "page.html", "review:other.txt", "markdown:note.txt", "html:page.txt")
REPORTS = [f"--gitops-report={name}" for name in NAMES]


@pytest.fixture(autouse=True)
def _changed(healthy: Path) -> None:
    """Two clusters, committed, and then a ConfigMap changed in both and one added to staging."""
    _git("init", "-q", "-b", "main")
    _git("add", "-A")
    _git("-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "-q", "-m", "base")
    (healthy / "apps/base/config.yaml").write_text(config_map("web", greeting="good morning"), encoding="utf-8")
    (healthy / "apps/staging/more.yaml").write_text(config_map("more", key="value"), encoding="utf-8")
    staging = overlay("../base", "more.yaml", suffix="-staging")
    (healthy / "apps/staging/kustomization.yaml").write_text(staging, encoding="utf-8")


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


def section(result: pytest.RunResult) -> list[str]:
    """Return the lines of the review's section, without the commit."""
    lines = iter(result.outlines)
    for line in lines:
        if re.fullmatch("=+ gitops review =+", line):
            break
    shown = []
    for line in lines:
        if line.startswith("==="):
            break
        shown.append(re.sub(r"\b[0-9a-f]{10}\b", "COMMIT", line))
    return [line for line in shown if line]


def test_every_format_in_one_run_checks(pytester: pytest.Pytester, run_checks: Run) -> None:
    result = run_checks("--gitops-check=review", "--gitops-base=HEAD", *REPORTS)
    assert result.ret == pytest.ExitCode.OK
    written = [(pytester.path / name.rpartition(":")[2]).read_text(encoding="utf-8") for name in NAMES]
    assert written[:3] == written[3:]
    jsonschema.validate(json.loads(written[0]), json.loads(SCHEMA.read_text(encoding="utf-8")))
    review = from_json(written[0])
    assert {
        cluster.name: [(change.action.value, str(change.id)) for change in cluster.objects]
        for cluster in review.clusters
    } == {
        "production": [("changed", "ConfigMap/web/web-production")],
        "staging": [("changed", "ConfigMap/web/web-staging"), ("added", "ConfigMap/more/more-staging")],
    }
    assert written[1].startswith(f"{MARKER}\n## GitOps review: 2 clusters change\n")
    assert "+  greeting: good morning" in written[1]
    assert written[2].startswith("<!doctype html>")
    assert "good morning" in written[2]


SUMMARY = [
    "HEAD (COMMIT) → main (COMMIT, with uncommitted changes): 2 clusters change",
    "staging: 1 added, 1 changed",
    "production: 1 changed",
]
OBJECTS = [
    "~ ConfigMap/web/web-production: changed in flux-system/apps (production)",
    "~ ConfigMap/web/web-staging: changed in flux-system/apps (staging)",
    "+ ConfigMap/more/more-staging: added in flux-system/apps (staging)",
]


def test_the_terminal_tells_what_each_cluster_gets(run_checks: Run) -> None:
    assert section(run_checks("--gitops-check=review", "--gitops-base=HEAD")) == SUMMARY


def test_the_terminal_tells_objects_where_asked(run_checks: Run) -> None:
    shown = section(run_checks("--gitops-check=review", "--gitops-base=HEAD", "-v"))
    assert shown[:3] == SUMMARY
    assert sorted(shown[3:]) == sorted(OBJECTS)


def test_the_terminal_shows_diffs_where_asked(run_checks: Run) -> None:
    shown = section(run_checks("--gitops-check=review", "--gitops-base=HEAD", "-vv"))
    assert "    -  greeting: hello" in shown
    assert "    +  greeting: good morning" in shown


SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: more
  namespace: more
stringData:
  password: hunter2hunter2
"""


def test_no_secret_reaches_a_report_or_the_terminal(pytester: pytest.Pytester, run_checks: Run) -> None:
    (pytester.path / "apps/staging/more.yaml").write_text(SECRET, encoding="utf-8")
    result = run_checks("--gitops-check=review", "--gitops-base=HEAD", "-vv", *REPORTS)
    texts = [(pytester.path / name.rpartition(":")[2]).read_text(encoding="utf-8") for name in NAMES]
    for text in (*texts, result.stdout.str()):
        assert "more-staging" in text
        assert "hunter2" not in text
        assert "aHVudGVyMmh1bnRlcjI" not in text


def test_no_review_without_a_base(run_checks: Run) -> None:
    assert section(run_checks("--gitops-check=build")) == []


@pytest.mark.parametrize("name", ["review.html", "review.md", "review.json", "html:x"])
def test_a_review_needs_a_base(run_checks: Run, name: str) -> None:
    for chosen in ((), ("--gitops-base=HEAD", "--gitops-check=build")):
        result = run_checks(f"--gitops-report={name}", *chosen)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert f"ERROR: --gitops-report: {name} is a report of a review; give --gitops-base=REF" in result.stderr.str()


def test_gitlab_takes_longer_comments(
    pytester: pytest.Pytester, run_checks: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = "".join(f"---\n{config_map(f'map-{number}', text='x' * 400)}" for number in range(300))
    (pytester.path / "apps/staging/more.yaml").write_text(many, encoding="utf-8")
    lengths = []
    for gitlab in ("", "true"):
        monkeypatch.setenv("GITLAB_CI", gitlab)
        run_checks("--gitops-check=review", "--gitops-base=HEAD", "--gitops-report=comment.md")
        lengths.append(len((pytester.path / "comment.md").read_text(encoding="utf-8")))
    assert lengths[0] <= 65_536 < lengths[1]


def test_a_change_of_nothing_is_told(pytester: pytest.Pytester, run_checks: Run) -> None:
    _git("stash", "-q", "-u")
    result = run_checks("--gitops-check=review", "--gitops-base=HEAD", "--gitops-report=review.md")
    assert section(result) == ["HEAD (COMMIT) → main (COMMIT): no change in any cluster"]
    text = (pytester.path / "review.md").read_text(encoding="utf-8")
    assert text.startswith(f"{MARKER}\n## GitOps review: no change in any cluster\n")


def test_kustomizations_that_come_are_told(pytester: pytest.Pytester, run_checks: Run) -> None:
    added = kustomization("canary", "./apps/canary")
    (pytester.path / "clusters/staging/canary.yaml").write_text(added, encoding="utf-8")
    shown = section(run_checks("--gitops-check=review", "--gitops-base=HEAD", "-v"))
    assert "Kustomization/flux-system/canary: added (staging)" in shown
