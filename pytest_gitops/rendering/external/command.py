"""Runs one program to its end: no shell, no input, no secrets, bounded in time and output."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pytest_gitops.rendering.limits import MEMORY, limit

MAX_OUTPUT = 256 << 20
_STDERR_KEPT = 8192
_LOOK = 0.1


class OverrunError(Exception):
    """The program took too long."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended; ``truncated`` where it wrote more than it may."""

    status: int
    stdout: bytes
    stderr: str
    truncated: bool


class Commands:
    """Runs programs from several threads, and can end all of them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def run(self, command: Sequence[str], directory: Path, timeout: float) -> Finished:
        """Run a program in ``directory``; raises OverrunError after ``timeout`` seconds, OSError if it can't start."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            with self._start(command, directory, out, errors) as process:
                try:
                    _wait(process, out, timeout)
                finally:
                    self._end(process)
            size = out.seek(0, os.SEEK_END)
            out.seek(0)
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - _STDERR_KEPT))
            stderr = errors.read().decode(errors="replace").strip()
            return Finished(process.returncode, out.read(MAX_OUTPUT), stderr, size >= MAX_OUTPUT)

    def close(self) -> None:
        """End what runs; nothing can be run any more."""
        with self._lock:
            self._closed = True
            for process in self._running:
                _kill(process)

    def _start(
        self, command: Sequence[str], directory: Path, out: IO[bytes], errors: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise OSError("the renderer is closed")
            process = subprocess.Popen(
                list(command),
                cwd=directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                process_group=0,
            )
            self._running.add(process)
        limit(process.pid, memory=MEMORY, output=MAX_OUTPUT)
        return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        _kill(process)
        process.wait()
        with self._lock:
            self._running.discard(process)


def _wait(process: subprocess.Popen[bytes], out: IO[bytes], timeout: float) -> None:
    """Wait for a program's end, or for too much output; what it starts may have escaped the limit on its files."""
    end = time.monotonic() + timeout
    while process.poll() is None and os.fstat(out.fileno()).st_size < MAX_OUTPUT:
        try:
            process.wait(min(_LOOK, max(0.0, end - time.monotonic())))
        except subprocess.TimeoutExpired:
            if time.monotonic() >= end:
                raise OverrunError from None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it started; its group lives on as long as one of them does."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
