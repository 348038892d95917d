"""A hermetic cluster's processes: where they listen, what they leave behind, and that they die with whoever began."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fleet_files import bootstrap, namespace, write_files

from pytest_gitops import load
from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import Api
from pytest_gitops.live.hermetic import cluster as hermetic
from pytest_gitops.live.hermetic import flux
from pytest_gitops.live.hermetic.cluster import ControlPlane
from pytest_gitops.live.hermetic.programs import DIRECTORY, Programs, find_programs
from pytest_gitops.live.providers import provider
from pytest_gitops.live.scenario import started
from pytest_gitops.live.supervisor import Supervisor
from pytest_gitops.live.waiting import until

STARTER = """
import sys, time
from pytest_gitops.live.hermetic.cluster import ControlPlane
from pytest_gitops.live.hermetic.programs import Programs
from pathlib import Path
program = Path(sys.argv[1])
cluster = ControlPlane(Programs(program, program.parent, program.parent), "test")
print(cluster.directory, *(each.pid for each in cluster.supervisor.programs), flush=True)
time.sleep(600)
"""


@pytest.fixture
def control_plane(programs: Programs) -> Iterator[ControlPlane]:
    with closing(ControlPlane(programs, "test")) as cluster:
        yield cluster


def pids(cluster: ControlPlane) -> list[int]:
    return [each.pid for each in cluster.supervisor.programs if each.pid is not None]


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def listens(pid: int) -> list[str]:
    """Return the addresses, in the kernel's notation, on which a process listens."""
    found = []
    inodes = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                found.append(fields[1].rpartition(":")[0])
    return found


def test_an_api_server_answers_with_its_version(control_plane: ControlPlane) -> None:
    api = Api(control_plane.access.kubeconfig)

    assert api.version.startswith("v1.")
    assert ("v1", "Pod") in api.kinds()


def test_it_listens_on_loopback_alone(control_plane: ControlPlane) -> None:
    addresses = [address for pid in pids(control_plane) for address in listens(pid)]

    assert addresses
    assert set(addresses) <= {"0100007F", "0000000000000000FFFF00000100007F"}


def test_without_its_token_nobody_is_let_in(control_plane: ControlPlane) -> None:
    access = control_plane.access
    stranger = control_plane.directory / "stranger"
    stranger.write_text(access.kubeconfig.read_text().replace(access.token, "guessed"))

    with pytest.raises(Exception, match="Unauthorized"):
        Api(stranger).request("GET", "/version")


def test_only_its_owner_can_look_into_its_directory(control_plane: ControlPlane) -> None:
    assert stat.S_IMODE(control_plane.directory.stat().st_mode) == 0o700


def test_closing_ends_its_processes_and_removes_its_files(programs: Programs) -> None:
    cluster = ControlPlane(programs, "test")
    started = pids(cluster)

    cluster.close()
    cluster.close()

    assert all(map(is_gone, started))
    assert not cluster.directory.exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_it_dies_with_whoever_started_it(programs: Programs, how: signal.Signals) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(programs.control_plane)], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    directory, *started = starter.stdout.readline().split()

    starter.send_signal(how)
    starter.wait()
    starter.stdout.close()

    assert until(lambda: all(is_gone(int(pid)) for pid in started), 10)
    # What is left are files, which the next run sweeps.
    ControlPlane(programs, "next").close()
    assert not Path(directory).exists()


def test_it_dies_with_its_supervisor(programs: Programs) -> None:
    with closing(ControlPlane(programs, "test")) as cluster:
        started = pids(cluster)
        os.kill(cluster.supervisor.pid, signal.SIGKILL)

        assert until(lambda: all(map(is_gone, started)), 10)


def test_a_port_that_is_taken_is_passed_by(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        ports = iter([taken.getsockname()[1]])
        free: Callable[[int], list[int]] = hermetic.free_ports
        monkeypatch.setattr(hermetic, "free_ports", lambda count: [next(ports, *free(count))])

        with closing(ControlPlane(programs, "test")) as cluster:
            assert Api(cluster.access.kubeconfig).version


def test_a_port_that_a_controller_finds_taken_is_told(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**bootstrap("production"), "clusters/production/namespace.yaml": namespace("web")}
    fleet = load(write_files(tmp_path, files))
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        free: Callable[[int], list[int]] = flux.free_ports
        monkeypatch.setattr(flux, "free_ports", lambda count: [port, *free(count - 1)])

        live = started(provider("hermetic"), fleet["production"], fleet.root)
        with closing(live), pytest.raises(LiveError) as raised:
            live.wait_ready(seconds=60)

    assert str(raised.value).startswith("a program of the cluster has ended by itself:\nsource-controller (ended with")
    assert "address already in use" in str(raised.value)


def test_two_clusters_run_at_once(programs: Programs) -> None:
    with closing(ControlPlane(programs, "one")) as one, closing(ControlPlane(programs, "two")) as two:
        assert one.access.server != two.access.server
        assert Api(one.access.kubeconfig).version == Api(two.access.kubeconfig).version


def test_a_program_that_ends_is_told_with_what_it_wrote(programs: Programs, tmp_path: Path) -> None:
    with closing(Supervisor(programs.control_plane)) as supervisor:
        log = tmp_path / "log"
        program = supervisor.start("sh", ["/bin/sh", "-c", "echo no; exit 3"], log=log, env={}, cwd=tmp_path)
        missing = supervisor.start("none", ["/nowhere/none"], log=log, env={}, cwd=tmp_path)

        assert until(lambda: program.status is not None, 10)
        assert until(lambda: missing.failure is not None, 10)
        assert (program.status, program.last_lines()) == (3, "no")
        assert missing.failure == "fork/exec /nowhere/none: no such file or directory"
        assert not supervisor.running("sh")


def test_a_program_that_does_not_stop_is_killed(programs: Programs, tmp_path: Path) -> None:
    with closing(Supervisor(programs.control_plane)) as supervisor:
        stubborn = ["/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"]
        program = supervisor.start("sh", stubborn, log=tmp_path / "log", env={"PATH": os.defpath}, cwd=tmp_path)
        until(lambda: program.last_lines() == "up", 10)
        began = time.monotonic()

        supervisor.stop("sh", grace=0.2)

        assert program.status is not None
        assert time.monotonic() - began < 5


def test_an_unknown_provider_is_told_with_those_there_are() -> None:
    with pytest.raises(LiveError) as raised:
        provider("hermatic")

    assert str(raised.value) == "there is no cluster provider 'hermatic'; did you mean hermetic?"


def test_missing_programs_are_told_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DIRECTORY, str(tmp_path))

    with pytest.raises(LiveError) as raised:
        find_programs()

    assert str(raised.value) == (
        f"{tmp_path}/control-plane is missing: install the hermetic cluster with pip install "
        "'pytest-gitops[hermetic]', or choose another provider"
    )
