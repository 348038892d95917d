"""What is said where there is little to compare with: another branch only, no cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import config_map, overlay, write_files
from git_repositories import commit, committed, git
from running import Run

FILES = {"web/kustomization.yaml": overlay("config.yaml"), "web/config.yaml": config_map("web", a="b")}


def test_another_branch_of_the_same_remote_is_no_slip(
    pytester: pytest.Pytester, tmp_path: Path, run_checks: Run
) -> None:
    origin = committed(tmp_path / "origin", FILES)
    git(origin, "switch", "-q", "-c", "feat")
    commit(origin)
    git(pytester.path, "clone", "-q", "--depth=1", "--branch=feat", f"file://{origin}", ".")
    result = run_checks("--gitops-base=origin/main")
    (told,) = (line for line in result.errlines if "names no commit" in line)
    assert "did you mean" not in told
    assert "`git fetch --unshallow`" in told


def test_without_a_cluster_it_is_said_that_nothing_is_compared(pytester: pytest.Pytester, run_checks: Run) -> None:
    committed(pytester.path, FILES)
    write_files(pytester.path, {"web/config.yaml": config_map("web", a="c")})
    result = run_checks("--gitops-base=main")
    assert "note: no cluster was found at either revision, and only what clusters apply is compared" in result.outlines
