"""A session renders once, whatever the number of workers, and leaves nothing behind."""

from __future__ import annotations

import errno
import pickle
import stat
from pathlib import Path

import pytest
from fleet_files import write_files
from running import HEALTHY, troubled_fleet

PLUGIN = """
    import os
    import pytest
    import pytest_gitops

    loaded = pytest_gitops.load

    def load(path, **options):
        with open({log!r}, "a") as file:
            file.write(os.environ.get("PYTEST_XDIST_WORKER", "controller") + "\\n")
        return loaded(path, **options)

    pytest_gitops.load = load
"""
OWN_TEST = """
import os

def test_dies():
    os._exit(1)

def test_after(fleet):
    assert fleet.clusters
"""


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize("workers", ["0", "1", "3"])
def test_the_repository_is_loaded_once(pytester: pytest.Pytester, workers: str) -> None:
    log = pytester.path / "loaded.txt"
    pytester.makeconftest(PLUGIN.format(log=str(log)))
    result = pytester.runpytest_subprocess("--gitops-repo=.", "--gitops-check=build", "-n", workers)
    assert result.parseoutcomes() == {"passed": len(HEALTHY)}
    assert log.read_text().splitlines() == ["controller"]


@pytest.mark.usefixtures("healthy")
def test_what_is_shared_is_private_and_removed(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setenv("TMPDIR", str(shared))
    write_files(
        pytester.path,
        {
            "tests/test_own.py": f"""
import os, stat
from pathlib import Path

def test_own(fleet):
    (directory,) = Path({str(shared)!r}).glob("pytest-gitops-*")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert len(fleet.clusters) == 2
"""
        },
    )
    result = pytester.runpytest_subprocess("--gitops-repo=.", "-n2", "tests", "-p", "no:cacheprovider")
    assert result.parseoutcomes() == {"passed": 1}
    assert list(shared.glob("pytest-gitops-*")) == []


@pytest.mark.usefixtures("healthy")
def test_a_worker_that_dies_is_replaced_by_one_that_has_the_fleet(pytester: pytest.Pytester) -> None:
    write_files(
        pytester.path,
        {"tests/test_own.py": OWN_TEST},
    )
    result = pytester.runpytest_subprocess("--gitops-repo=.", "-n1", "tests")
    assert result.parseoutcomes() == {"failed": 1, "passed": 1}


@pytest.mark.usefixtures("healthy")
def test_where_nothing_can_be_shared_each_worker_loads_its_own(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pytest_gitops.sharing.pickle.dump", full)
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=build", "-n1")
    assert result.parseoutcomes() == {"passed": len(HEALTHY)}


def test_a_fleet_survives_pickling_whole(tmp_path: Path) -> None:
    fleet = troubled_fleet(tmp_path)
    copy = pickle.loads(pickle.dumps(fleet))  # noqa: S301 (made here)
    assert (copy.root, copy.engine, copy.notes) == (fleet.root, fleet.engine, fleet.notes)
    assert [[k.name for k in c.kustomizations] for c in copy.clusters] == [
        [k.name for k in c.kustomizations] for c in fleet.clusters
    ]
    assert stat.S_ISDIR(copy.root.stat().st_mode)
