"""The options that say what a run may fetch, with and without workers."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import bootstrap, config_map, kustomization, source, write_files
from running import Run, outcomes
from serving import Served, commit, git_server

FLUX = "clusters/prod/flux-system/gotk-sync.yaml::prod::"


@pytest.fixture
def served(pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A repository with a Kustomization of another one, which a server has."""
    root = tmp_path_factory.mktemp("served")
    commit(root / "apps", {"deploy/web.yaml": config_map("web")})
    with git_server(root) as server:
        files = {
            **bootstrap("prod"),
            "clusters/prod/source.yaml": source("elsewhere", f"{server.url}/apps"),
            "clusters/prod/apps.yaml": kustomization("apps", "./deploy", source="elsewhere"),
        }
        write_files(pytester.path, files)
        yield server


def of_apps(result: pytest.RunResult) -> str:
    """Return the outcome of the Kustomization that needs the other repository."""
    (outcome,) = [outcome for item, outcome in outcomes(result).items() if "apps" in item]
    return outcome


def test_sources_are_fetched_by_default_but_not_from_private_addresses(
    served: Served, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITOPS_OFFLINE")
    assert of_apps(run("-v")) == "SKIPPED"
    assert served.asked == []
    assert of_apps(run("-v", "--gitops-private-sources")) == "PASSED"
    assert len(served.asked) == 2
    assert of_apps(run("-v", "--gitops-private-sources")) == "PASSED"
    assert len(served.asked) == 2
    assert of_apps(run("-v", "--gitops-private-sources", "--gitops-refresh")) == "PASSED"
    assert len(served.asked) == 3


def test_an_offline_run_takes_what_the_cache_has(served: Served, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITOPS_OFFLINE")
    private = ("-v", "--gitops-private-sources")
    assert of_apps(run(*private, "--gitops-offline")) == "SKIPPED"
    monkeypatch.setenv("GITOPS_OFFLINE", "true")
    assert of_apps(run(*private, "--gitops-strict-sources")) == "FAILED"
    assert served.asked == []
    monkeypatch.setenv("GITOPS_OFFLINE", "0")
    assert of_apps(run(*private)) == "PASSED"
    monkeypatch.setenv("GITOPS_OFFLINE", "1")
    assert of_apps(run(*private, "--gitops-strict-sources")) == "PASSED"


def test_hosts_can_be_named(served: Served, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITOPS_OFFLINE")
    private = ("-v", "--gitops-private-sources")
    assert of_apps(run(*private, "--gitops-host=github.com")) == "SKIPPED"
    assert served.asked == []
    assert of_apps(run(*private, "--gitops-host=github.com", "--gitops-host=127.0.0.1")) == "PASSED"


def test_hosts_can_be_those_of_the_base(
    served: Served, run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITOPS_OFFLINE")
    options = ("-v", "--gitops-private-sources", "--gitops-hosts-of-base", "--gitops-check=build")
    change = pytester.path / "clusters/prod/source.yaml"
    text = change.read_text()
    change.write_text(text.replace(served.url, "https://github.com/example-org"))
    commit(pytester.path, {}, tag="base")
    change.write_text(text)
    assert of_apps(run(*options, "--gitops-base=base")) == "SKIPPED"
    assert served.asked == []
    assert of_apps(run(*options, "--gitops-base=base", "--gitops-host=127.0.0.1")) == "PASSED"
    commit(pytester.path, {"x.yaml": ""}, tag="next")
    assert of_apps(run(*options, "--gitops-base=next")) == "PASSED"
    result = run(*options, "--gitops-base=none")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_a_host_is_no_url(run: Run, tmp_path: Path) -> None:
    result = run("--gitops-host=https://github.com", repo=str(tmp_path))
    result.stderr.fnmatch_lines(["ERROR: --gitops-host: 'https://github.com' is no host name; write it as github.com"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_what_is_absent_for_one_reason_is_told_once(pytester: pytest.Pytester, run: Run) -> None:
    files = dict(bootstrap("prod"))
    for name in ("one", "two"):
        files[f"clusters/prod/{name}-source.yaml"] = source(name, f"https://git.example.com/{name}")
        files[f"clusters/prod/{name}.yaml"] = kustomization(name, "./deploy", source=name)
    write_files(pytester.path, files)
    lines = run("--gitops-check=build").outlines
    start = next(index for index, line in enumerate(lines) if "= gitops =" in line)
    assert [line for line in lines[start + 1 : -1] if line] == [
        "2 skipped: what they need is not available here; -rs says what",
        "    prod / flux-system/one, prod / flux-system/two",
    ]
    (quiet,) = [line for line in run("--gitops-check=build", "-q").outlines if line.startswith("gitops: ")]
    assert quiet == "gitops: 2 skipped (what they need is not available here; -rs says what)"
