"""Measures what a command costs: processor time, wall time and peak memory of it and all that it starts."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took: processor and wall time in seconds, memory in bytes, and how it ended.

    ``cpu`` is user and system time of the command and of everything it started. ``memory`` is the highest sum of
    the resident sets of all its processes that was seen, by looking twenty times a second; shared pages count in each.
    """

    cpu: float
    wall: float
    memory: int
    status: int
    output: str


def adopt_orphans() -> None:
    """Make this process the parent of children that outlive theirs, so that their time is counted too (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, sample: bool = False) -> Cost:
    """Run a command to its end and return its cost; ``sample`` watches its memory."""
    before = _children_cpu()
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=None if env is None else {**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    watch = _MemoryWatch(process.pid) if sample else None
    output, _ = process.communicate()
    wall = time.perf_counter() - start
    memory = watch.stop() if watch else 0
    _reap()
    return Cost(_children_cpu() - before, wall, memory, process.returncode, output)


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _reap() -> None:
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


class _MemoryWatch:
    """Sums the resident sets of a process and its descendants until it is stopped."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._peak

    def _look(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self._peak = max(self._peak, sum(_resident(pid) for pid in _family(self._pid)))


def _family(pid: int) -> list[int]:
    family = [pid]
    for parent in family:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                family.extend(int(child) for child in children.read_text().split())
            except OSError:
                continue
    return family


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
