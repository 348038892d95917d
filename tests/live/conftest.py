"""Clusters for the tests: the programs that ``packages/build.py`` builds in place, or those that are installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_gitops import load
from pytest_gitops.exceptions import LiveError
from pytest_gitops.live import LiveCluster
from pytest_gitops.live.hermetic.programs import Programs, find_programs
from pytest_gitops.live.provider import Wish
from pytest_gitops.live.providers import provider
from pytest_gitops.live.scenario import followed

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "packages" / name) for name in ("control-plane", "flux")]


@pytest.fixture(scope="session")
def programs() -> Programs:
    """The programs of a hermetic cluster."""
    try:
        return find_programs()
    except LiveError as error:
        pytest.skip(f"{error} (python packages/build.py)")


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example repository as a Git repository of its own."""
    root = tmp_path_factory.mktemp("example") / "fleet-infra"
    shutil.copytree(ROOT / "example-repo", root, ignore=shutil.ignore_patterns(".pytest_cache"))
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), (*identity, "commit", "-qm", "Import")):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    return root


@pytest.fixture(scope="module")
def staging(programs: Programs, example: Path) -> Iterator[LiveCluster]:
    """A live cluster that follows the example's staging cluster, everything in it Ready."""
    fleet = load(example)
    live = followed(provider("hermetic").start(Wish(flux=True)), fleet["staging"], fleet.root)
    try:
        live.wait_ready(seconds=300)
        yield live
    finally:
        live.close()
