"""Healthy repositories of several layouts lead to no error and no warning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fleet_files import bootstrap
from fleet_outcomes import git_repository, outcomes

from pytest_gitops import load
from pytest_gitops.admission import AdmissionJudge
from pytest_gitops.checks import FleetIndex, Selection, built_in, run
from pytest_gitops.expressions import ExpressionJudge
from pytest_gitops.model import Severity
from pytest_gitops.validation import SchemaJudge

REPOS = Path(__file__).parent / "repos"
FILE = re.compile(r"^==> (.*) <==\n", re.MULTILINE)
# Each gets a flux-system folder as ``flux bootstrap`` writes it.
CLUSTERS = {
    "home": ("home",),
    "monorepo": (),
    "platform": ("main",),
    "shared": ("home",),
    "stateful": ("large", "small"),
    "tenants": ("production", "staging"),
}
# Kinds without a known schema are told once a run, by design: their definitions come with charts.
TOLD = "schema-unavailable"


def repository(name: str) -> dict[str, str]:
    """Return a repository's files: each begins with a line that names it, ``==> path <==``."""
    _nothing, *parts = FILE.split((REPOS / f"{name}.txt").read_text(encoding="utf-8"))
    files = dict(zip(parts[::2], parts[1::2], strict=True))
    return {path: text for cluster in CLUSTERS[name] for path, text in bootstrap(cluster).items()} | files


@pytest.mark.parametrize("name", sorted(CLUSTERS))
def test_a_healthy_repository_is_silent(name: str, tmp_path: Path) -> None:
    fleet = load(git_repository(tmp_path, repository(name), url="ssh://git@github.com/example-org/fleet-infra"))
    results = run(FleetIndex(fleet), built_in(), Selection(), SchemaJudge(), AdmissionJudge(), ExpressionJudge())
    told = [
        f"{finding.severity.value} {finding.rule} {finding.location}: {finding.message}"
        for finding in results.findings
        if finding.severity is not Severity.INFO and finding.rule != TOLD
    ]
    broken = [
        f"{name}: {outcome}"
        for cluster in outcomes(fleet).values()
        for name, outcome in cluster.items()
        if outcome.startswith("failed: ")
    ]
    assert [*told, *broken] == []
    assert len(fleet.clusters) == (len(CLUSTERS[name]) or 1)
