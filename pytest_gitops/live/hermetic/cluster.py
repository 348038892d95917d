"""A cluster of plain processes: started, waited for, ended."""

from __future__ import annotations

import os
import secrets
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence

import yaml

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.access import Access, write_kubeconfig
from pytest_gitops.live.directory import ClusterDirectory
from pytest_gitops.live.hermetic import control_plane
from pytest_gitops.live.hermetic.addresses import service_ranges
from pytest_gitops.live.hermetic.ports import LOOPBACK, free_ports
from pytest_gitops.live.hermetic.programs import Programs
from pytest_gitops.live.hermetic.simulation import write_stages
from pytest_gitops.live.supervisor import Program, Supervisor
from pytest_gitops.live.waiting import until

READY_SECONDS = 60.0
TRIES = 3


class ControlPlane:
    """etcd and an API server, and on demand what makes workloads come up.

    The API server alone answers after about two seconds. ``services`` are the ranges of Services' addresses. Raises
    LiveError where it doesn't come up.
    """

    def __init__(self, programs: Programs, name: str, services: str | None = None) -> None:
        self.name = name
        self._services = services or service_ranges()
        self._programs = programs
        self._home = ClusterDirectory()
        self.directory = self._home.path
        self.supervisor = Supervisor(programs.control_plane)
        try:
            self.access = self._start()
        except BaseException:
            self.close()
            raise

    def start_workloads(self) -> None:
        """Start the controllers, the scheduler, and the simulation of nodes and pods."""
        kubeconfig = self.access.kubeconfig
        self.run("kube-controller-manager", control_plane.controller_manager(self.directory, kubeconfig))
        scheduling = self.directory / "scheduler.yaml"
        scheduling.write_text(yaml.safe_dump(control_plane.scheduling(kubeconfig)), encoding="utf-8")
        self.run("kube-scheduler", control_plane.scheduler(scheduling))
        self.simulate()

    def simulate(self, broken: Iterable[str] = ()) -> None:
        """Have nodes and pods simulated from now on, with these images as ones that can't be pulled."""
        stages = self.directory / "stages.yaml"
        write_stages(stages, broken)
        self.supervisor.stop("kwok")
        self.run("kwok", control_plane.kwok(self.access.kubeconfig, stages))

    def run(self, name: str, arguments: Sequence[str]) -> Program:
        """Run one of the control plane's programs."""
        return self.start(name, [str(self._programs.control_plane), *arguments])

    def start(self, name: str, argv: Sequence[str], **variables: str) -> Program:
        """Run a program with the environment that all of the cluster's have, and ``variables``."""
        environment = {"PATH": os.defpath, "HOME": str(self.directory), "TMPDIR": str(self.directory), **variables}
        return self.supervisor.start(
            name, argv, log=self.directory / f"{name}.log", env=environment, cwd=self.directory
        )

    def diagnose(self) -> str:
        """Return the last lines of the log of every program that has ended, empty where all run."""
        programs = [program for program in self.supervisor.programs if program.status is not None or program.failure]
        return "\n".join(f"{program.name} ({_state(program)}):\n{program.last_lines()}" for program in programs)

    def close(self) -> None:
        """End all processes and remove all files; may be called twice."""
        self.supervisor.close()
        self._home.remove()

    def _start(self) -> Access:
        token = secrets.token_urlsafe(32)
        self._write_keys(token)
        etcd = self.run("etcd", control_plane.etcd(self.directory))
        for _attempt in range(TRIES):
            (port,) = free_ports(1)
            server = f"https://{LOOPBACK}:{port}"
            access = write_kubeconfig(
                self.directory / "kubeconfig",
                server=server,
                authority=self.directory / "ca.crt",
                token=token,
                name=self.name,
            )
            program = self.run("kube-apiserver", control_plane.api_server(self.directory, port, self._services))
            if self._is_ready(access, program, etcd):
                return access
            if "address already in use" not in program.last_lines():
                raise LiveError(_died(etcd if etcd.status is not None else program))
        raise LiveError(f"kube-apiserver found its port taken {TRIES} times in a row")

    def _write_keys(self, token: str) -> None:
        command = [str(self._programs.control_plane), "keys", str(self.directory)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LiveError(f"the cluster's keys could not be made: {done.stderr.strip()}")
        tokens = self.directory / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text(f'{token},pytest-gitops,pytest-gitops,"system:masters"\n', encoding="utf-8")

    def _is_ready(self, access: Access, *needed: Program) -> bool:
        """Wait until the API server is ready, or one of the programs has ended."""
        context = ssl.create_default_context(cafile=str(access.authority))
        request = urllib.request.Request(f"{access.server}/readyz")  # noqa: S310 (https)
        request.add_header("Authorization", f"Bearer {access.token}")

        def answer() -> bool | None:
            if any(program.status is not None or program.failure for program in needed):
                raise _EndedError
            try:
                with urllib.request.urlopen(request, timeout=5, context=context) as reply:  # noqa: S310
                    return bool(reply.status == 200)  # noqa: PLR2004
            except (urllib.error.URLError, OSError):
                return None

        try:
            return until(answer, READY_SECONDS) is not None
        except _EndedError:
            return False


class _EndedError(Exception):
    """A program that was waited for has ended."""


def _died(program: Program) -> str:
    if program.failure:
        return f"{program.name} could not be started: {program.failure}"
    if program.status is None:
        return f"{program.name} was not ready after {READY_SECONDS:.0f} s:\n{program.last_lines()}"
    return f"{program.name} {_state(program)}:\n{program.last_lines()}"


def _state(program: Program) -> str:
    if program.failure:
        return program.failure
    if program.status is None:
        return "running"
    return "was killed" if program.status < 0 else f"ended with status {program.status}"
