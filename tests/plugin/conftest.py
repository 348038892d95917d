"""Repositories to run pytest on, and the two ways to run it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fleet_files import two_clusters, write_files
from running import Collect, Run, collected, troubled_fleet, troubles

# Pytester forgets what an inner run imports, which modules written in C don't survive: import all of it here.
import pytest_gitops.hooks
import pytest_gitops.loading  # noqa: F401


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the terminal one that no developer's or CI's environment shapes."""
    for name in ("CI", "BUILD_NUMBER", "PYTEST_ADDOPTS", "FORCE_COLOR", "GITOPS_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture(params=[(), ("-n1",)], ids=["alone", "xdist"])
def run(request: pytest.FixtureRequest, pytester: pytest.Pytester) -> Run:
    """Run pytest on a repository in the current directory, alone and with workers."""

    def run_pytest(*args: str | os.PathLike[str], repo: str | None = ".") -> pytest.RunResult:
        chosen = ["--gitops-check=build"] + ([] if repo is None else ["--gitops-repo", repo])
        return pytester.runpytest_inprocess(*chosen, *request.param, *args)

    return run_pytest


@pytest.fixture(params=[(), ("-n1",)], ids=["alone", "xdist"])
def run_checks(request: pytest.FixtureRequest, pytester: pytest.Pytester) -> Run:
    """Run pytest with all checks on the repository in the current directory, alone and with workers."""

    def run_pytest(*args: str | os.PathLike[str]) -> pytest.RunResult:
        # This project's own filters make warnings errors, and reach into the run.
        filters = ("-W", "default::pytest_gitops.GitopsWarning")
        return pytester.runpytest_inprocess("--gitops-repo=.", *request.param, *filters, *args)

    return run_pytest


@pytest.fixture
def healthy(pytester: pytest.Pytester) -> Path:
    """A repository in which all is well, as the current directory."""
    return write_files(pytester.path, two_clusters())


@pytest.fixture
def troubled(pytester: pytest.Pytester) -> Path:
    """A repository with a broken, a suspended and two unavailable Kustomizations in each cluster."""
    return write_files(pytester.path, troubles())


@pytest.fixture
def told(troubled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with troubles whose fleet is written by hand, for tests that compare what is said of it."""
    monkeypatch.setattr("pytest_gitops.load", lambda path, **_options: troubled_fleet(Path(path)))
    return troubled


@pytest.fixture
def collect(pytester: pytest.Pytester) -> Collect:
    """Return the node ids that a run would run."""

    def run_pytest(*args: str, repo: str | None = ".") -> list[str]:
        chosen = ["--gitops-check=build"] + ([] if repo is None else ["--gitops-repo", repo])
        return collected(pytester.runpytest_inprocess(*chosen, "--collect-only", "-q", *args))

    return run_pytest
