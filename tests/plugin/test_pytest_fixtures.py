"""The fixtures fleet, cluster, kustomization and rendered, and the marker gitops, in users' own tests."""

from __future__ import annotations

from textwrap import dedent

import pytest
from fleet_files import write_files
from running import Run, outcomes


def own(pytester: pytest.Pytester, source: str, name: str = "tests/test_own.py") -> None:
    write_files(pytester.path, {name: dedent(source)})


@pytest.mark.usefixtures("healthy")
def test_fleet(pytester: pytest.Pytester, run: Run) -> None:
    own(
        pytester,
        """
        def test_names(fleet):
            assert [cluster.name for cluster in fleet.clusters] == ["production", "staging"]
            assert [overlay.path for overlay in fleet.overlays] == ["apps/canary"]
        """,
    )
    assert outcomes(run("-v", "tests")) == {"tests/test_own.py::test_names": "PASSED"}


@pytest.mark.usefixtures("troubled")
def test_parametrised_over_clusters_and_kustomizations(pytester: pytest.Pytester, run: Run) -> None:
    own(
        pytester,
        """
        def test_cluster(cluster):
            assert cluster.name in ("production", "staging")

        def test_kustomization(kustomization, cluster):
            assert cluster[kustomization.name] is kustomization

        def test_rendered(rendered, kustomization):
            assert len(rendered) == len(kustomization.rendered)
        """,
    )
    names = ["flux-system", "apps", "broken", "asleep", "far", "farther"]
    results = {"broken": "ERROR", "far": "SKIPPED", "farther": "SKIPPED"}
    assert outcomes(run("-v", "tests")) == {
        f"tests/test_own.py::{test}": result
        for cluster in ("production", "staging")
        for test, result in [
            (f"test_cluster[{cluster}]", "PASSED"),
            *((f"test_kustomization[{cluster}/flux-system/{name}]", "PASSED") for name in names),
            *((f"test_rendered[{cluster}/flux-system/{name}]", results.get(name, "PASSED")) for name in names),
        ]
    }


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("marker", "fixture", "rounds"),
    [
        ("cluster='prod*'", "cluster", ["production"]),
        ("cluster='prod*'", "rendered", ["production/flux-system/flux-system", "production/flux-system/apps"]),
        ("kustomization='apps'", "rendered", ["production/flux-system/apps", "staging/flux-system/apps"]),
        ("kustomization='flux-system/a*'", "rendered", ["production/flux-system/apps", "staging/flux-system/apps"]),
        ("kustomization='a*', cluster='staging'", "kustomization", ["staging/flux-system/apps"]),
        ("kustomization='apps'", "cluster", ["production", "staging"]),
    ],
)
def test_marker(pytester: pytest.Pytester, marker: str, fixture: str, rounds: list[str]) -> None:
    own(pytester, f"import pytest\n@pytest.mark.gitops({marker})\ndef test_own({fixture}): pass\n")
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=build", "-v", "--strict-markers", "tests")
    assert outcomes(result) == {f"tests/test_own.py::test_own[{name}]": "PASSED" for name in rounds}


@pytest.mark.usefixtures("healthy")
def test_a_marker_that_matches_nothing_skips_and_says_so(pytester: pytest.Pytester, run: Run) -> None:
    own(pytester, "import pytest\n@pytest.mark.gitops(cluster='dev')\ndef test_own(rendered): pass\n")
    result = run("-rs", "tests")
    assert result.parseoutcomes() == {"skipped": 1}
    assert [line for line in result.outlines if line.startswith("SKIPPED")] == [
        "SKIPPED [1] tests/test_own.py:2: no part of a cluster matches gitops(cluster='dev')"
    ]


@pytest.mark.usefixtures("healthy")
def test_a_marker_with_an_unknown_keyword_fails(pytester: pytest.Pytester) -> None:
    own(pytester, "import pytest\n@pytest.mark.gitops(clusters='dev')\ndef test_own(rendered): pass\n")
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=build", "tests")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    problem = (
        "tests/test_own.py::test_own: the marker gitops takes the keywords cluster, kustomization, helmrelease, "
        "resourceset, kind, namespace, name, labels, not clusters"
    )
    assert [line for line in result.outlines if "the marker gitops" in line][:1] == [problem]


@pytest.mark.usefixtures("healthy")
def test_the_option_limits_the_users_own_tests_too(pytester: pytest.Pytester, run: Run) -> None:
    own(pytester, "def test_own(cluster): pass\n")
    result = run("-v", "--gitops-cluster=stag*", "tests")
    assert outcomes(result) == {"tests/test_own.py::test_own[staging]": "PASSED"}


@pytest.mark.usefixtures("healthy")
def test_a_test_that_changes_what_it_got_harms_no_other(pytester: pytest.Pytester, run: Run) -> None:
    own(
        pytester,
        """
        import pytest

        @pytest.mark.gitops(cluster="staging", kustomization="apps")
        @pytest.mark.parametrize("turn", [1, 2])
        def test_own(rendered, kustomization, turn):
            for objects in (rendered, kustomization.rendered):
                (resource,) = objects
                assert resource["data"] == {"greeting": "hello"}
            (resource,) = rendered
            resource.object["data"]["greeting"] = "changed"
        """,
    )
    assert run("tests").parseoutcomes() == {"passed": 2}


@pytest.mark.usefixtures("healthy")
def test_fixtures_of_the_user_with_these_names_win(pytester: pytest.Pytester, run: Run) -> None:
    own(
        pytester,
        """
        import pytest

        @pytest.fixture
        def cluster():
            return "mine"
        """,
        "tests/conftest.py",
    )
    own(
        pytester,
        """
        import pytest

        def test_own(cluster):
            assert cluster == "mine"

        @pytest.mark.parametrize("rendered", ["mine"])
        def test_direct(rendered):
            assert rendered == "mine"
        """,
    )
    assert run("tests").parseoutcomes() == {"passed": 2}


@pytest.mark.usefixtures("healthy")
def test_a_fixture_of_the_user_can_build_on_these(pytester: pytest.Pytester, run: Run) -> None:
    own(
        pytester,
        """
        import pytest

        @pytest.fixture(scope="module")
        def names(cluster):
            return [k.name for k in cluster.kustomizations]

        def test_own(names):
            assert names == ["flux-system/flux-system", "flux-system/apps"]
        """,
    )
    assert run("tests").parseoutcomes() == {"passed": 2}


@pytest.mark.parametrize("fixture", ["fleet", "cluster", "kustomization", "rendered"])
def test_without_a_repository_a_test_that_needs_one_fails(pytester: pytest.Pytester, fixture: str) -> None:
    own(pytester, f"def test_own({fixture}): pass\n")
    result = pytester.runpytest_inprocess("tests")
    assert result.parseoutcomes() == {"errors": 1}
    problem = "this test needs a GitOps repository: give --gitops-repo=DIR, or set gitops_repo in the ini file"
    assert [line for line in result.outlines if "needs a GitOps" in line] == [
        problem,
        f"ERROR tests/test_own.py::test_own - Failed: {problem}",
    ]


@pytest.mark.usefixtures("healthy")
def test_the_fixtures_are_listed_with_what_they_give(pytester: pytest.Pytester) -> None:
    lines = pytester.runpytest_inprocess("--fixtures", "-p", "no:cacheprovider").outlines
    start = next(i for i, line in enumerate(lines) if "fixtures defined from pytest_gitops.fixtures" in line)
    names = [line.split(" ")[0] for line in lines[start:] if line and not line.startswith((" ", "-", "="))]
    own = {"cluster", "fleet", "helm_release", "kustomization", "rendered", "resource"}
    assert own - set(names) == set()
