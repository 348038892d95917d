"""Loads and checks fleets of the fault suite."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from clean_fleet import Files
from fault import Check, write

from pytest_gitops import load
from pytest_gitops.admission import AdmissionJudge
from pytest_gitops.checks import FleetIndex, Selection, built_in, run
from pytest_gitops.expressions import ExpressionJudge
from pytest_gitops.model import Finding, Severity
from pytest_gitops.network import Network
from pytest_gitops.validation import SchemaJudge

URL = "ssh://git@github.com/example-org/fleet-infra"


@pytest.fixture
def check(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Return what the default checks find in a fleet, infos left out."""
    cache = tmp_path_factory.getbasetemp() / "gitops-cache"
    cache.mkdir(exist_ok=True)

    def check_files(files: Files) -> list[Finding]:
        write(tmp_path, files)
        for command in (["init", "-q", "-b", "main"], ["remote", "add", "origin", URL]):
            subprocess.run(["git", *command], cwd=tmp_path, check=True)
        fleet = load(tmp_path, cache_dir=cache, network=Network(offline=True))
        judges = SchemaJudge(cache=cache), AdmissionJudge(), ExpressionJudge()
        results = run(FleetIndex(fleet), built_in(), Selection(), *judges)
        return [finding for finding in results.findings if finding.severity is not Severity.INFO]

    return check_files
