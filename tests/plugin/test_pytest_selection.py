"""pytest's own ways to choose tests work on the plugin's items, alone and with workers."""

from __future__ import annotations

import pytest
from fleet_files import overlay, write_files
from running import HEALTHY, PRODUCTION, STAGING, Collect, Run, outcomes

BROKEN = [f"{cluster}::flux-system/broken::build" for cluster in (PRODUCTION, STAGING)]


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("staging", HEALTHY[3:]),
        ("flux-system/apps", [HEALTHY[2], HEALTHY[4]]),
        ("canary", HEALTHY[:1]),
        ("production and not apps", HEALTHY[1:2]),
        ("build", HEALTHY),
    ],
)
def test_keywords(collect: Collect, expression: str, chosen: list[str]) -> None:
    assert collect("-k", expression) == chosen


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("gitops", HEALTHY),
        ("not gitops", []),
        ("gitops(check='build')", HEALTHY),
        ("gitops(check='schema')", []),
        ("gitops(cluster='staging')", HEALTHY[3:]),
        ("gitops(kustomization='flux-system/apps')", [HEALTHY[2], HEALTHY[4]]),
        ("gitops(namespace='flux-system', name='flux-system')", [HEALTHY[1], HEALTHY[3]]),
        ("gitops(overlay='apps/canary')", HEALTHY[:1]),
    ],
)
def test_marks(collect: Collect, expression: str, chosen: list[str]) -> None:
    assert collect("--strict-markers", "-m", expression) == chosen


@pytest.mark.usefixtures("healthy")
def test_deselect(collect: Collect) -> None:
    assert collect(f"--deselect={PRODUCTION}") == [HEALTHY[0], *HEALTHY[3:]]
    assert collect("--deselect", HEALTHY[1]) == [HEALTHY[0], *HEALTHY[2:]]


@pytest.mark.usefixtures("troubled")
def test_last_failed(run: Run, pytester: pytest.Pytester) -> None:
    assert run("-q").ret == pytest.ExitCode.TESTS_FAILED
    assert outcomes(run("-v", "--lf")) == dict.fromkeys(BROKEN, "FAILED")
    write_files(pytester.path, {"apps/broken/kustomization.yaml": overlay("../base")})
    assert outcomes(run("-v", "--lf")) == dict.fromkeys(BROKEN, "PASSED")


@pytest.mark.usefixtures("troubled")
def test_failed_first(run: Run, collect: Collect) -> None:
    usual = collect()
    assert run("-q").ret == pytest.ExitCode.TESTS_FAILED
    assert collect("--ff") == BROKEN + [node for node in usual if node not in BROKEN]


@pytest.mark.usefixtures("troubled")
def test_stepwise(run: Run, pytester: pytest.Pytester) -> None:
    assert run("--stepwise").ret == pytest.ExitCode.INTERRUPTED
    write_files(pytester.path, {"apps/broken/kustomization.yaml": overlay("../base")})
    assert run("--stepwise").ret == pytest.ExitCode.OK


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_stop_at_the_first_failure(pytester: pytest.Pytester, option: str) -> None:
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=build", option)
    result.assert_outcomes(passed=3, failed=1)


@pytest.mark.usefixtures("healthy")
def test_several_node_ids(run: Run) -> None:
    assert outcomes(run("-v", HEALTHY[4], HEALTHY[1])) == dict.fromkeys([HEALTHY[4], HEALTHY[1]], "PASSED")


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize("mode", ["no", "each", "load", "loadscope", "loadfile", "loadgroup", "worksteal"])
def test_every_way_to_distribute(pytester: pytest.Pytester, mode: str) -> None:
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=build", "-n2", f"--dist={mode}")
    result.assert_outcomes(passed=10 if mode == "each" else 5)


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    "options",
    [
        ("-p", "no:cacheprovider"),
        ("-p", "no:terminal"),
        ("-p", "no:xdist"),
        ("-p", "no:syrupy"),
        ("-p", "no:doctest"),
        ("-W", "error"),
        ("--strict-markers", "--strict-config"),
    ],
    ids=" ".join,
)
def test_without_what_pytest_usually_has(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    assert pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=build", *options).ret == pytest.ExitCode.OK


@pytest.mark.usefixtures("healthy")
def test_skip_and_xfail_marks_of_the_user(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            items[1].add_marker(pytest.mark.skip("later"))
            items[2].add_marker(pytest.mark.xfail(strict=False))
        """
    )
    assert run().parseoutcomes() == {"passed": 3, "skipped": 1, "xpassed": 1}
