"""What keeps a repository from being tested at all is one clear usage error, and no dead session."""

from __future__ import annotations

import pytest
from fleet_files import write_files
from running import HEALTHY, Run, outcomes


def test_a_repository_outside_of_rootdir_is_a_usage_error(pytester: pytest.Pytester, run: Run) -> None:
    write_files(pytester.path, {"fleet/x.yaml": "", "other/x.yaml": ""})
    result = run("--rootdir=other", repo="fleet")
    root = pytester.path
    problem = (
        f"the GitOps repository {root}/fleet lies outside of pytest's rootdir {root}/other, so its tests would have"
    )
    remedy = f"run pytest in {root}/fleet, or give --rootdir={root}"
    assert result.errlines == [f"ERROR: {problem} no stable ids: {remedy}", ""]
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def error_of(result: pytest.RunResult) -> str:
    """Return the one message of a usage error."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    message, end = result.errlines
    assert (message[:7], end) == ("ERROR: ", "")
    return message[7:]


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--gitops-repo=absent",), "--gitops-repo: absent does not exist (looked for {cwd}/absent)"),
        (
            ("--gitops-repo=apps/base/config.yaml",),
            "--gitops-repo: apps/base/config.yaml is not a directory (looked for {cwd}/apps/base/config.yaml)",
        ),
        (("-o", "gitops_repo=absent"), "gitops_repo: absent does not exist (looked for {cwd}/absent)"),
        (
            ("--gitops-repo=.", "--gitops-cluster=dev"),
            "--gitops-cluster: no cluster matches 'dev'; there are: production, staging",
        ),
        (
            ("--gitops-repo=.", "--gitops-source=nonsense"),
            "--gitops-source: 'nonsense' is not KEY=DIR; write for example GitRepository/flux-system/apps=../apps",
        ),
        (
            ("--gitops-repo=.", "--gitops-source=GitRepository/a/b=absent"),
            "--gitops-source GitRepository/a/b: absent does not exist (looked for {cwd}/absent)",
        ),
        (
            ("--gitops-repo=.", "-o", "gitops_sources=nonsense"),
            "gitops_sources: 'nonsense' is not KEY=DIR; write for example GitRepository/flux-system/apps=../apps",
        ),
        (
            ("--gitops-repo=.", "--gitops-check=nonsense"),
            (
                "--gitops-check: 'nonsense' is not one of build, schema, references, policy, graph, snapshot, review, "
                "apply, reconcile"
            ),
        ),
        (
            ("--gitops-repo=.", "--gitops-engine=nonsense"),
            "gitops: unknown engine 'nonsense': choose one of auto, bundled, external",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "xdist"])
def test_wrong_options(
    pytester: pytest.Pytester, options: tuple[str, ...], message: str, workers: tuple[str, ...]
) -> None:
    result = pytester.runpytest_inprocess(*options, *workers)
    assert error_of(result) == message.format(cwd=pytester.path)


@pytest.mark.parametrize("files", [{}, {"README.md": "# Nothing here\n"}], ids=["empty", "no-yaml"])
def test_a_directory_without_anything_of_flux(pytester: pytest.Pytester, run: Run, files: dict[str, str]) -> None:
    write_files(pytester.path, {"pytest.ini": "[pytest]\n", **files})
    problem = f"{pytester.path} holds no Flux Kustomization, no FluxInstance and no kustomization.yaml"
    remedy = "there is nothing to test. Give the root of the repository that a cluster is bootstrapped from"
    assert error_of(run()) == f"gitops: {problem}: {remedy}"


@pytest.mark.usefixtures("healthy")
def test_bad_configuration(pytester: pytest.Pytester, run: Run) -> None:
    write_files(pytester.path, {".pytest-gitops.yaml": "clustres: {}\n"})
    problem = "gitops: .pytest-gitops.yaml:1: unknown key 'clustres'; did you mean 'clusters'?"
    assert error_of(run()) == problem


@pytest.mark.usefixtures("healthy")
def test_a_defect_of_the_plugin_is_a_usage_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_gitops.load", lambda path, **_options: 1 // 0)
    message = error_of(run())
    assert message.endswith(
        "could not be loaded: ZeroDivisionError: integer division or modulo by zero. This is a defect of "
        "pytest-gitops: please report it with the output of --full-trace"
    )


@pytest.mark.usefixtures("healthy")
def test_a_broken_file_fails_its_own_items_only(pytester: pytest.Pytester, run: Run) -> None:
    write_files(pytester.path, {"apps/staging/kustomization.yaml": "resources: [\n"})
    result = outcomes(run("-v"))
    assert result == {node: "FAILED" if node == HEALTHY[4] else "PASSED" for node in HEALTHY}
