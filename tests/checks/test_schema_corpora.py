"""Repositories that work on real clusters are told of no schema error."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from corpora import CORPORA

from pytest_gitops import load
from pytest_gitops.checks import FleetIndex, Selection, built_in, run
from pytest_gitops.model import Severity
from pytest_gitops.validation import SchemaJudge

INDEX = json.loads((CORPORA / "index.json").read_text(encoding="utf-8")) if (CORPORA / "index.json").exists() else []

pytestmark = pytest.mark.skipif(not INDEX, reason=f"there are no corpora at {CORPORA}")


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["repo"])
def test_no_schema_error_in_a_working_repository(entry: dict[str, str], tmp_path: Path) -> None:
    root = tmp_path / "repository"
    shutil.copytree(CORPORA / "repos" / entry["repo"], root)
    for command in (["init", "-q", "-b", entry["branch"]], ["remote", "add", "origin", entry["url"]]):
        subprocess.run(["git", *command], cwd=root, check=True)
    selection = Selection(checks=("schema",))
    results = run(FleetIndex(load(root)), built_in(), selection, SchemaJudge())
    errors = [
        f for f in results.findings if f.severity is Severity.ERROR and f.rule.startswith(("schema-", "duplicate-"))
    ]
    assert [(f.rule, str(f.location), f.message) for f in errors] == []
