"""What is collected, under which node ids, wherever the repository and its entry files lie."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from fleet_files import Files, two_clusters, write_files
from running import CANARY, HEALTHY, PRODUCTION, STAGING, Collect, Run, collected, outcomes

from pytest_gitops import walking

OWN_TEST = "def test_own(): pass\n"


def under(folder: str, files: Files) -> Files:
    return {f"{folder}/{name}": text for name, text in files.items()}


@pytest.mark.usefixtures("healthy")
def test_without_a_repository_nothing_is_collected(collect: Collect) -> None:
    assert collect(repo=None) == []


@pytest.mark.usefixtures("healthy")
def test_each_kustomization_and_unreached_overlay_is_an_item(collect: Collect) -> None:
    assert collect() == HEALTHY


@pytest.mark.usefixtures("healthy")
def test_the_tree_reads_as_the_fleet(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=build", "--collect-only")
    tree = [line for line in result.outlines if line.lstrip().startswith("<")]
    assert "\n".join(tree[1:]) == (
        """\
  <Dir apps>
    <Dir canary>
      <File kustomization.yaml>
        <Overlay apps/canary>
          <Check build>
  <Dir clusters>
    <Dir production>
      <Dir flux-system>
        <File gotk-sync.yaml>
          <Cluster production>
            <Kustomization flux-system/flux-system>
              <Check build>
            <Kustomization flux-system/apps>
              <Check build>
    <Dir staging>
      <Dir flux-system>
        <File gotk-sync.yaml>
          <Cluster staging>
            <Kustomization flux-system/flux-system>
              <Check build>
            <Kustomization flux-system/apps>
              <Check build>"""
    )


@pytest.mark.usefixtures("healthy")
def test_node_ids_can_be_pasted_back(collect: Collect) -> None:
    pasted = [HEALTHY[3], f"{PRODUCTION}::flux-system/apps"]
    assert collect(*pasted) == [HEALTHY[3], HEALTHY[2]]


@pytest.mark.usefixtures("healthy")
def test_a_folder_as_argument_keeps_to_that_folder(collect: Collect) -> None:
    assert collect("clusters/staging") == HEALTHY[3:]


def test_the_users_own_tests_come_along_and_stay_alone_when_named(healthy: Path, collect: Collect) -> None:
    write_files(healthy, {"tests/test_own.py": OWN_TEST})
    assert collect() == [*HEALTHY, "tests/test_own.py::test_own"]
    assert collect("tests") == ["tests/test_own.py::test_own"]


def test_testpaths_do_not_hide_the_fleet(healthy: Path, collect: Collect) -> None:
    write_files(healthy, {"tests/test_own.py": OWN_TEST, "pytest.ini": "[pytest]\ntestpaths = tests\n"})
    assert sorted(collect()) == sorted([*HEALTHY, "tests/test_own.py::test_own"])


@pytest.mark.parametrize("option", [(), ("--keep-duplicates",)], ids=["", "duplicates"])
def test_testpaths_that_hold_part_of_the_fleet_give_no_duplicates(
    healthy: Path, collect: Collect, option: tuple[str, ...]
) -> None:
    write_files(healthy, {"pytest.ini": "[pytest]\ntestpaths = clusters/staging\n"})
    assert sorted(collect(*option)) == sorted(HEALTHY)


def test_entry_files_in_folders_that_pytest_skips_are_found(pytester: pytest.Pytester, collect: Collect) -> None:
    write_files(pytester.path, under("build/.gitops", two_clusters()))
    write_files(pytester.path, {"build/test_other.py": OWN_TEST, "build/.gitops/clusters/test_other.py": OWN_TEST})
    result = collect(repo="build/.gitops")
    assert result == [f"build/.gitops/{node}" for node in HEALTHY]


@pytest.mark.usefixtures("healthy")
def test_ignored_entry_files_stay_ignored(collect: Collect) -> None:
    assert collect("--ignore=clusters/staging") == HEALTHY[:3]


def test_a_conftest_can_ignore_a_cluster(healthy: Path, collect: Collect) -> None:
    write_files(healthy, {"clusters/conftest.py": "collect_ignore = ['production']\n"})
    assert collect() == [HEALTHY[0], *HEALTHY[3:]]


def test_other_plugins_still_see_every_file(healthy: Path, collect: Collect) -> None:
    collector = """
        import pytest

        class Item(pytest.Item):
            def runtest(self):
                pass

        class Yaml(pytest.File):
            def collect(self):
                yield Item.from_parent(self, name="yaml")

        def pytest_collect_file(file_path, parent):
            if file_path.name == "config.yaml":
                return Yaml.from_parent(parent, path=file_path)
    """
    write_files(healthy, {"apps/conftest.py": inspect.cleandoc(collector)})
    assert collect() == ["apps/base/config.yaml::yaml", *HEALTHY]


def test_text_doctests_are_still_found(healthy: Path, collect: Collect) -> None:
    write_files(healthy, {"apps/base/test_notes.txt": ">>> 1 + 1\n2\n"})
    result = collect()
    assert result == ["apps/base/test_notes.txt::test_notes.txt", *HEALTHY]


def test_a_repository_below_rootdir(pytester: pytest.Pytester, collect: Collect) -> None:
    write_files(pytester.path, under("fleet", two_clusters()) | {"pytest.ini": "[pytest]\n"})
    assert collect(repo="fleet") == [f"fleet/{node}" for node in HEALTHY]


@pytest.mark.parametrize("joined", [False, True], ids=["separate", "joined"])
def test_a_repository_above_the_current_directory(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, *, joined: bool
) -> None:
    write_files(pytester.path, two_clusters() | {"pytest.ini": "[pytest]\n", "tests/test_own.py": OWN_TEST})
    monkeypatch.chdir(pytester.path / "tests")
    option = ["--gitops-repo=.."] if joined else ["--gitops-repo", ".."]
    result = pytester.runpytest_inprocess(*option, "--gitops-check=build", "--collect-only", "-q")
    assert sorted(collected(result)) == sorted([*HEALTHY, "tests/test_own.py::test_own"])


def test_a_repository_reached_by_a_symbolic_link(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, collect: Collect
) -> None:
    write_files(pytester.path, under("real", two_clusters()))
    (pytester.path / "link").symlink_to("real")
    monkeypatch.chdir(pytester.path / "real")
    (pytester.path / "real/pytest.ini").touch()
    assert sorted(collect(repo=str(pytester.path / "link"))) == sorted(HEALTHY)


def test_the_ini_names_the_repository_relative_to_itself(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, collect: Collect
) -> None:
    write_files(pytester.path, under("fleet", two_clusters()))
    write_files(pytester.path, {"pytest.ini": "[pytest]\ngitops_repo = fleet\n", "docs/x.md": ""})
    assert collect(repo=None) == [f"fleet/{node}" for node in HEALTHY]
    monkeypatch.chdir(pytester.path / "docs")
    result = collect(repo=None)
    assert sorted(result) == sorted(f"fleet/{node}" for node in HEALTHY)


def test_entry_files_are_added_to_the_arguments_pytest_collects(pytester: pytest.Pytester) -> None:
    """Guard the one undocumented thing that is used: what is appended to ``Config.args`` is collected."""
    write_files(pytester.path, {"tests/test_a.py": OWN_TEST, "other/test_b.py": OWN_TEST})
    config = pytester.parseconfigure("--rootdir=.", "-otestpaths=tests")
    assert config.args_source is pytest.Config.ArgsSource.TESTPATHS
    before = list(config.args)
    walking.add_entry_files(config, [pytester.path / "tests/test_a.py", pytester.path / "other/test_b.py"])
    assert config.args == [*before, str(pytester.path / "other/test_b.py")]
    session = pytest.Session.from_config(config)
    config.hook.pytest_sessionstart(session=session)
    items = session.perform_collect()
    assert [item.nodeid for item in items] == ["tests/test_a.py::test_own", "other/test_b.py::test_own"]


def test_a_cluster_with_brackets_in_its_name(pytester: pytest.Pytester, collect: Collect) -> None:
    files = {
        name.replace("staging", "sta[g]ing"): text.replace("staging", "sta[g]ing")
        for name, text in two_clusters().items()
    }
    write_files(pytester.path, files)
    nodes = [
        node.replace("::staging", "::sta(g)ing").replace("clusters/staging", "clusters/sta[g]ing") for node in HEALTHY
    ]
    assert collect() == nodes


@pytest.mark.usefixtures("healthy")
def test_canary_is_one_item(collect: Collect) -> None:
    assert collect(CANARY) == [CANARY]
    assert collect(STAGING) == HEALTHY[3:]


@pytest.mark.parametrize(
    ("files", "repo", "prefix"),
    [
        pytest.param(two_clusters(), ".", "", id="root"),
        pytest.param(under("build/.gitops", two_clusters()), "build/.gitops", "build/.gitops/", id="skipped-folder"),
        pytest.param(
            {**two_clusters(), "pytest.ini": "[pytest]\ntestpaths = docs\n", "docs/x.md": ""}, ".", "", id="testpaths"
        ),
    ],
)
def test_workers_collect_the_same(pytester: pytest.Pytester, run: Run, files: Files, repo: str, prefix: str) -> None:
    write_files(pytester.path, files)
    assert outcomes(run("-v", repo=repo)) == {f"{prefix}{node}": "PASSED" for node in HEALTHY}
