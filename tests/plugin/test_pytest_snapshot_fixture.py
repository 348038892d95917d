"""The fixture ``gitops_snapshot``: the user's own tests compare objects with files of the same kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fleet_files import config_map, write_files
from running import outcomes

Own = Callable[..., pytest.RunResult]

HEADER = "# What this renders to, without secrets and noise. Made by pytest-gitops: --snapshot-update writes it anew.\n"
TEST = """\
import pytest

@pytest.mark.gitops(kustomization="flux-system/apps")
def test_each(rendered, gitops_snapshot):
    assert rendered == gitops_snapshot

@pytest.mark.gitops(kustomization="flux-system/apps", cluster="production")
class TestOne:
    def test_resource(self, rendered, gitops_snapshot):
        assert rendered["ConfigMap/web/web-production"] == gitops_snapshot
        assert gitops_snapshot == rendered.select(kind="ConfigMap")
        assert gitops_snapshot(name="plain") == rendered["ConfigMap/web-production"].object
"""
EACH = "tests/__snapshots__/test_own/test_each[{}~flux-system~apps].yaml"
ONE = "tests/__snapshots__/test_own/TestOne.test_resource[production~flux-system~apps]{}.yaml"
FILES = [
    ONE.format(".1"),
    ONE.format("[plain]"),
    ONE.format(""),
    EACH.format("production"),
    EACH.format("staging"),
]


def content(cluster: str, greeting: str = "hello") -> str:
    return (
        f"{HEADER}---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web-{cluster}\n  namespace: web\n"
        f"data:\n  greeting: {greeting}\n"
    )


@pytest.fixture(params=[(), ("-n2",)], ids=["alone", "xdist"])
def own(request: pytest.FixtureRequest, pytester: pytest.Pytester, healthy: Path) -> Own:
    """Run the user's tests of a healthy repository, alone and with workers."""
    write_files(healthy, {"tests/test_own.py": TEST})

    def run_pytest(*args: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess("--gitops-repo=.", "tests", "--snapshot-no-colors", *request.param, *args)

    return run_pytest


def snapshots(root: Path) -> list[str]:
    """Return the files of all snapshots."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("__snapshots__/**/*") if path.is_file())


def test_objects_are_kept_and_compared(healthy: Path, own: Own) -> None:
    assert own("--snapshot-update").ret == pytest.ExitCode.OK
    assert snapshots(healthy) == sorted(FILES)
    assert {(healthy / name).read_text(encoding="utf-8") for name in FILES[:4]} == {content("production")}
    assert (healthy / FILES[4]).read_text(encoding="utf-8") == content("staging")
    result = own()
    assert result.ret == pytest.ExitCode.OK
    assert "5 snapshots passed." in result.outlines


def test_a_difference_is_told_by_object(healthy: Path, own: Own) -> None:
    own("--snapshot-update")
    write_files(healthy, {"apps/base/config.yaml": config_map("web", greeting="bye")})
    result = own("-k", "test_each and staging", "-v")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert [line for line in result.outlines if line.startswith("E ")] == [
        "E       assert [+ received] == [- snapshot]",
        "E         ConfigMap/web/web-staging",
        "E             namespace: web",
        "E           data:",
        "E         -   greeting: hello",
        "E         +   greeting: bye",
    ]


def test_what_no_test_asserts_any_more_is_unused(healthy: Path, own: Own) -> None:
    own("--snapshot-update")
    write_files(healthy, {"tests/test_own.py": TEST[: TEST.index('        assert gitops_snapshot(name="plain")')]})
    result = own()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "4 snapshots passed. 1 snapshot unused." in result.outlines
    own("--snapshot-update")
    assert snapshots(healthy) == sorted({*FILES} - {FILES[1]})


def test_part_of_the_tests_leaves_the_others_snapshots(healthy: Path, own: Own) -> None:
    own("--snapshot-update")
    for arguments in (["-k", "production"], ["-k", "TestOne"], ["--gitops-cluster=staging"]):
        result = own("--snapshot-update", *arguments)
        assert result.ret == pytest.ExitCode.OK
        assert snapshots(healthy) == sorted(FILES)


def test_snapshots_of_flux_own_objects_make_no_cluster(healthy: Path, own: Own) -> None:
    write_files(healthy, {"tests/test_own.py": TEST.replace('kustomization="flux-system/apps"', 'name="*"', 1)})
    own("--snapshot-update", "-k", "test_each")
    assert any("kustomize.toolkit.fluxcd.io" in (healthy / name).read_text() for name in snapshots(healthy))
    result = own("-k", "test_each", "-v")
    assert {id.partition("[")[2] for id in outcomes(result)} == {
        *("production/flux-system/flux-system]", "production/flux-system/apps]"),
        *("staging/flux-system/flux-system]", "staging/flux-system/apps]"),
    }


def test_anything_else_is_refused(healthy: Path, own: Own) -> None:
    write_files(
        healthy, {"tests/test_own.py": "def test_text(gitops_snapshot):\n    assert 'text' == gitops_snapshot\n"}
    )
    result = own("--snapshot-update")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    message = "gitops_snapshot compares a Resource, a Rendered, an object as a dict or a list of these, not str"
    assert any(line.endswith(message) for line in result.outlines)
    assert snapshots(healthy) == []


def test_the_configuration_applies(healthy: Path, own: Own) -> None:
    rules = "snapshots:\n  rules:\n    greetings:\n      path: [data, greeting]\n"
    write_files(healthy, {".pytest-gitops.yaml": rules})
    own("--snapshot-update")
    assert (healthy / FILES[4]).read_text(encoding="utf-8") == content("staging", "<any>")


def test_it_needs_no_repository(pytester: pytest.Pytester) -> None:
    obj = "{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'a'}, 'stringData': {'a': 'hunter22'}}"
    pytester.makepyfile(test_own=f"def test_dict(gitops_snapshot):\n    assert {obj} == gitops_snapshot\n")
    assert pytester.runpytest_inprocess("--snapshot-update").ret == pytest.ExitCode.OK
    text = (pytester.path / "__snapshots__/test_own/test_dict.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"{HEADER}---\napiVersion: v1\nkind: Secret\n")
    assert "hunter22" not in text
    assert pytester.runpytest_inprocess().ret == pytest.ExitCode.OK


def test_without_syrupy_the_test_says_what_to_do(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own="def test_dict(gitops_snapshot):\n    assert {} == gitops_snapshot\n")
    result = pytester.runpytest_inprocess("-p", "no:syrupy")
    assert 'gitops_snapshot needs syrupy: pip install "pytest-gitops[snapshot]"' in result.outlines
