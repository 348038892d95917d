"""Clusters for the tests: the programs that ``packages/build.py`` builds in place, or those that are installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import kind_clusters
import pytest

from pytest_gitops import load
from pytest_gitops.exceptions import LiveError
from pytest_gitops.live import LiveCluster
from pytest_gitops.live.hermetic.cluster import ControlPlane
from pytest_gitops.live.hermetic.programs import Programs, find_programs
from pytest_gitops.live.provider import Wish
from pytest_gitops.live.providers import provider
from pytest_gitops.live.scenario import followed
from pytest_gitops.live_options import LiveOptions

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [str(ROOT / "packages" / name) for name in ("control-plane", "flux")]


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> Iterator[None]:
    """Have Ctrl-C reach what the tests start: of a shell's background jobs it is ignored, and they hand that on."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    if ignored:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.fixture(scope="session")
def programs() -> Programs:
    """The programs of a hermetic cluster."""
    try:
        return find_programs()
    except LiveError as error:
        pytest.skip(f"{error} (python packages/build.py)")


@pytest.fixture
def installed(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have runs in processes of their own find the programs."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (*PACKAGES, os.environ.get("PYTHONPATH")))))


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example repository as a Git repository of its own."""
    root = tmp_path_factory.mktemp("example") / "fleet-infra"
    shutil.copytree(ROOT / "example-repo", root, ignore=shutil.ignore_patterns(".pytest_cache"))
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), (*identity, "commit", "-qm", "Import")):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    return root


@pytest.fixture(scope="session")
def hermetic_options(programs: Programs) -> LiveOptions:
    """A hermetic cluster's options."""
    return LiveOptions("hermetic")


@pytest.fixture(scope="session")
def kind_options(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> LiveOptions:
    """A kind cluster's options, with the images that tests need."""
    return kind_clusters.kind_options(programs, tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def existing_options(programs: Programs) -> Iterator[LiveOptions]:
    """The options for a cluster that is there already: one that somebody else has started."""
    with closing(ControlPlane(programs, "somebody-s")) as cluster:
        yield LiveOptions("existing", contexts=(("demo", cluster.name),), kubeconfig=cluster.access.kubeconfig)


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
