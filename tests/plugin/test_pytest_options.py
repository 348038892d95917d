"""Every option and ini value, alone and with workers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fleet_files import config_map, kustomization, overlay, source, two_clusters, write_files
from running import HEALTHY, PRODUCTION, Collect, Run, outcomes

ELSEWHERE = "https://github.com/example-org/elsewhere"


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("globs", "chosen"),
    [
        (["staging"], HEALTHY[3:]),
        (["prod*"], HEALTHY[1:3]),
        (["stag*", "prod*"], HEALTHY[1:]),
    ],
    ids=" ".join,
)
def test_clusters(collect: Collect, globs: list[str], chosen: list[str]) -> None:
    assert collect(*(f"--gitops-cluster={glob}" for glob in globs)) == chosen


@pytest.mark.usefixtures("healthy")
def test_clusters_with_workers(run: Run) -> None:
    assert outcomes(run("-v", "--gitops-cluster", "staging")) == dict.fromkeys(HEALTHY[3:], "PASSED")


def elsewhere(root: Path, extra: str = "") -> None:
    """Write a cluster with a Kustomization of another repository, and what that holds."""
    files = {name: text for name, text in two_clusters().items() if "staging" not in name and "canary" not in name}
    files["clusters/production/far.yaml"] = (
        source("elsewhere", ELSEWHERE) + "---\n" + kustomization("far", "./deploy", "elsewhere")
    )
    write_files(root / "fleet", {**files, "pytest.ini": f"[pytest]\ngitops_repo = .\n{extra}"})
    write_files(root / "elsewhere", {"deploy/kustomization.yaml": overlay("a.yaml"), "deploy/a.yaml": config_map("a")})
    os.chdir(root / "fleet")


FAR = f"{PRODUCTION}::flux-system/far::build"


@pytest.mark.parametrize("key", ["GitRepository/flux-system/elsewhere", ELSEWHERE])
def test_a_source_on_the_command_line(pytester: pytest.Pytester, run: Run, key: str) -> None:
    elsewhere(pytester.path)
    assert outcomes(run("-v", FAR, repo=None)) == {FAR: "SKIPPED"}
    assert outcomes(run("-v", f"--gitops-source={key}=../elsewhere", FAR, repo=None)) == {FAR: "PASSED"}


def test_sources_in_the_ini_are_relative_to_it(pytester: pytest.Pytester, run: Run) -> None:
    elsewhere(pytester.path, f"gitops_sources =\n    {ELSEWHERE}=../elsewhere\n    OCIRepository/x/y=..\n")
    os.chdir("apps")
    assert outcomes(run("-v", f"../{FAR}", repo=None)) == {f"../{FAR}": "PASSED"}


def test_the_command_line_wins_over_the_ini(pytester: pytest.Pytester, run: Run) -> None:
    write_files(pytester.path, {"empty/x.txt": ""})
    elsewhere(pytester.path, f"gitops_sources = {ELSEWHERE}=../empty\n")
    assert outcomes(run("-v", f"--gitops-source={ELSEWHERE}=../elsewhere", FAR, repo=None)) == {FAR: "PASSED"}


@pytest.mark.usefixtures("healthy")
def test_the_command_line_names_another_repository_than_the_ini(pytester: pytest.Pytester, collect: Collect) -> None:
    write_files(pytester.path, {"pytest.ini": "[pytest]\ngitops_repo = nowhere\n"})
    assert collect() == HEALTHY


@pytest.mark.usefixtures("healthy")
def test_an_empty_value_turns_the_plugin_off(pytester: pytest.Pytester, collect: Collect) -> None:
    write_files(pytester.path, {"pytest.ini": "[pytest]\ngitops_repo = .\n"})
    assert collect("--gitops-repo=", repo=None) == []


@pytest.mark.usefixtures("healthy")
def test_the_engine_is_chosen_and_told(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=build", "--gitops-engine=bundled")
    (header,) = [line for line in result.outlines if line.startswith("gitops: ")]
    assert "; engine " in header
    assert result.ret == pytest.ExitCode.OK


def cached(directory: Path) -> bool:
    return directory.is_dir() and any(path.is_file() for path in directory.rglob("*"))


@pytest.mark.usefixtures("healthy")
def test_the_cache_is_a_folder_of_pytests_own(pytester: pytest.Pytester, run: Run) -> None:
    assert run().ret == pytest.ExitCode.OK
    assert cached(pytester.path / ".pytest_cache/d/gitops")


@pytest.mark.usefixtures("healthy")
def test_without_a_cache_nothing_is_kept(pytester: pytest.Pytester, run: Run) -> None:
    assert run("--gitops-no-cache", "-p", "no:cacheprovider").ret == pytest.ExitCode.OK
    assert {path.name for path in pytester.path.iterdir()} == {"apps", "clusters"}
    assert run("--gitops-no-cache").ret == pytest.ExitCode.OK
    assert not cached(pytester.path / ".pytest_cache/d/gitops")


@pytest.mark.usefixtures("healthy")
def test_the_cache_can_be_moved(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("GITOPS_CACHE_DIR", str(pytester.path / "kept"))
    assert run().ret == pytest.ExitCode.OK
    assert cached(pytester.path / "kept")
    assert not cached(pytester.path / ".pytest_cache/d/gitops")


@pytest.mark.usefixtures("healthy")
def test_without_pytests_cache_the_users_cache_serves(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setattr("sys.platform", "linux")
    assert run("-p", "no:cacheprovider").ret == pytest.ExitCode.OK
    assert cached(tmp_path / "user/pytest-gitops")
    assert not (pytester.path / ".pytest_cache").exists()


@pytest.mark.usefixtures("healthy")
def test_where_nothing_can_be_written_it_works_without_a_cache(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """A file where a folder should be is the one obstacle that stops the superuser too."""
    write_files(pytester.path, {"obstacle": ""})
    monkeypatch.setenv("GITOPS_CACHE_DIR", str(pytester.path / "obstacle/cache"))
    assert run().ret == pytest.ExitCode.OK
    monkeypatch.delenv("GITOPS_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "obstacle"))
    assert run("-o", "cache_dir=obstacle/cache", "-W", "ignore::pytest.PytestCacheWarning").ret == pytest.ExitCode.OK


def test_a_second_run_renders_only_what_changed(healthy: Path, pytester: pytest.Pytester) -> None:
    options = ("--gitops-repo=.", "--gitops-check=build")
    assert pytester.runpytest_inprocess(*options).parseoutcomes() == {"passed": 5}
    (healthy / "apps/staging/kustomization.yaml").write_text(overlay("../absent"))
    assert pytester.runpytest_inprocess(*options).parseoutcomes() == {"passed": 4, "failed": 1}
    (healthy / "apps/staging/kustomization.yaml").write_text(overlay("../base"))
    assert pytester.runpytest_inprocess(*options).parseoutcomes() == {"passed": 5}
