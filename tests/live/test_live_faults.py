"""What becomes of a run when it is interrupted or killed, a program of a cluster ends, or the disk is full.

Nothing is left running, the message is clear, and the next run works.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fleet_files import bootstrap, config_map, kustomization, namespace, overlay, write_files

from pytest_gitops.live.waiting import until

SECONDS = 120
SCENARIO = "def test_it(live_cluster):\n    live_cluster.wait_until(lambda: False, 'never', seconds=300)\n"


class Run:
    """A run of pytest in a process and a temporary directory of its own, by which its cluster's processes are known."""

    def __init__(self, root: Path, temporary: Path, *arguments: str) -> None:
        self.temporary = temporary
        self._log = temporary.parent / "output"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "--gitops-repo=.", "-v", "-p", "no:cacheprovider", *arguments],
                cwd=root,
                env={**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, stage: str) -> None:
        """Wait until a program of the cluster runs, or the output holds a text."""
        arrived = until(lambda: stage in self.output or any(stage in name for name in self.running.values()), SECONDS)
        assert arrived, f"it never came to {stage}:\n{self.output}"

    @property
    def output(self) -> str:
        """What it has written so far."""
        return self._log.read_text(encoding="utf-8")

    @property
    def running(self) -> dict[int, str]:
        """The processes in directories of its clusters, with their commands."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (process / "cwd").readlink().is_relative_to(self.temporary):
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if command:
                        found[int(process.name)] = command
        return found

    def end(self, how: signal.Signals) -> int:
        """Send a signal to pytest alone and wait for its end; return its exit status."""
        self.process.send_signal(how)
        return self.process.wait(timeout=60)


@pytest.fixture
def start(installed: None, tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Return a function that starts a run over a small fleet, the scenario with it where it is named."""
    root = write_files(
        tmp_path / "fleet",
        {
            **bootstrap("production"),
            "clusters/production/namespace.yaml": namespace("web"),
            "clusters/production/apps.yaml": kustomization("apps", "./apps"),
            "apps/kustomization.yaml": overlay("config.yaml"),
            "apps/config.yaml": config_map("web", a="b"),
            "pytest.ini": "[pytest]\n",
            "test_scenario.py": SCENARIO,
        },
    )
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    runs: list[Run] = []

    def started(*arguments: str, temporary: Path | None = None) -> Run:
        if temporary is None:
            temporary = tmp_path / f"run-{len(runs)}" / "t"
            temporary.mkdir(parents=True)
        runs.append(Run(root, temporary, *arguments))
        return runs[-1]

    yield started
    for run in runs:
        with suppress(OSError):
            os.killpg(run.process.pid, signal.SIGKILL)
        run.process.wait()


RECONCILE = ("--gitops-check=reconcile", "--gitops-reconcile=hermetic", "clusters")
APPLY = ("--gitops-check=apply", "--gitops-apply=hermetic", "clusters")
LIVE = ("--gitops-reconcile=hermetic", "test_scenario.py")
# A program that has just started, or what the run says by then.
STAGES = {
    "etcd": APPLY,
    "kube-apiserver": APPLY,
    "kube-controller-manager": RECONCILE,
    "kwok": RECONCILE,
    "source-controller": RECONCILE,
    "flux-system: in progress": RECONCILE,
    "apps: ready": LIVE,
}


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupt_ends_all(start: Callable[..., Run], stage: str) -> None:
    run = start(*STAGES[stage])
    run.wait_for(stage)

    assert run.end(signal.SIGINT) == pytest.ExitCode.INTERRUPTED

    assert run.running == {}
    assert list(run.temporary.glob("gitops-cluster-*")) == []
    assert "KeyboardInterrupt" in run.output
    assert "INTERNALERROR" not in run.output


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "with a worker"])
def test_a_kill_ends_all_and_the_next_run_works(start: Callable[..., Run], workers: tuple[str, ...]) -> None:
    run = start(*LIVE, *workers)
    # With workers only they have clusters for scenarios, and what they say of progress is lost.
    run.wait_for("kustomize-controller")

    assert run.end(signal.SIGKILL) == -signal.SIGKILL

    assert until(lambda: not run.running, 30)
    following = start(*APPLY)
    assert following.process.wait(timeout=SECONDS) == pytest.ExitCode.OK


def test_a_controller_that_is_killed_ends_the_checks(start: Callable[..., Run]) -> None:
    run = start(*RECONCILE)
    run.wait_for("flux-system: in progress")
    (killed,) = [pid for pid, command in run.running.items() if "/kustomize-controller " in command]

    os.kill(killed, signal.SIGKILL)

    assert run.process.wait(timeout=60) == pytest.ExitCode.TESTS_FAILED
    assert "nothing was reconciled: a program of the cluster has ended by itself:" in run.output
    assert "kustomize-controller (was killed):" in run.output
    assert run.running == {}


def test_a_controller_that_is_killed_ends_a_scenario(start: Callable[..., Run]) -> None:
    run = start(*LIVE)
    run.wait_for("apps: ready")
    (killed,) = [pid for pid, command in run.running.items() if "/source-controller " in command]

    os.kill(killed, signal.SIGKILL)

    assert run.process.wait(timeout=60) == pytest.ExitCode.TESTS_FAILED
    assert "source-controller (was killed):" in run.output
    assert run.running == {}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Return a function that gives a file system of some megabytes; not everybody may mount one."""
    disk = tmp_path / "disk" / "t"
    disk.mkdir(parents=True)

    def mounted(megabytes: int) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(disk)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        return disk

    yield mounted
    subprocess.run(["umount", "-l", str(disk)], check=False, capture_output=True)


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while file.write(b"x" * 65536):
            pass


@pytest.mark.parametrize("asked", [APPLY, RECONCILE], ids=["apply", "reconcile"])
def test_a_disk_that_is_too_small_is_told(
    start: Callable[..., Run], small_disk: Callable[[int], Path], asked: tuple[str, ...]
) -> None:
    run = start(*asked, temporary=small_disk(12))

    assert run.process.wait(timeout=SECONDS) == pytest.ExitCode.TESTS_FAILED
    assert "etcd ended with status" in run.output
    assert "no space left on device" in run.output
    assert "Traceback" not in run.output
    assert run.running == {}


def test_a_disk_that_gets_full_is_told(start: Callable[..., Run], small_disk: Callable[[int], Path]) -> None:
    disk = small_disk(160)
    run = start(*RECONCILE, temporary=disk)
    run.wait_for("source-controller")

    fill(disk)

    assert run.process.wait(timeout=400) == pytest.ExitCode.TESTS_FAILED
    assert "no space left on device" in run.output.lower()
    assert "Traceback" not in run.output
    assert run.running == {}
