"""Programs that die with this process, however it dies."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_gitops.exceptions import LiveError

_LAST_LINES = 8
# What a stack begins with.
_PANICKED = "goroutine "


@dataclass(slots=True)
class Program:
    """A program that was started; ``status`` is its exit status (negative: killed), None while it runs."""

    name: str
    log: Path
    status: int | None = None
    failure: str | None = None
    pid: int | None = None

    def last_lines(self) -> str:
        """Return the end of what it wrote, for an error message; of a panic what it says, not where it was in Go."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        panic = next((number for number, line in enumerate(lines) if line.startswith(_PANICKED)), len(lines))
        return "\n".join(lines[:panic][-_LAST_LINES:])


class Supervisor:
    """Starts and stops programs through a process of ``control-plane supervise``.

    That process ends all of them when its standard input closes, which the kernel does when this process dies, by
    SIGKILL too. Raises LiveError where it can't be started.
    """

    def __init__(self, control_plane: Path) -> None:
        try:
            self._process = subprocess.Popen(
                [str(control_plane), "supervise"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                # Ctrl-C in the terminal is this process's to decide on.
                start_new_session=True,
            )
        except OSError as error:
            raise LiveError(f"{control_plane} can't be started: {error.strerror}") from None
        self._programs: dict[str, Program] = {}
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="gitops-supervisor", daemon=True)
        self._reader.start()

    def start(self, name: str, argv: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path) -> Program:
        """Start a program under a name; whether that worked shows in the returned value."""
        program = Program(name, log)
        with self._changed:
            self._programs[name] = program
        self._order(start=name, argv=list(argv), log=str(log), env=[f"{k}={v}" for k, v in env.items()], dir=str(cwd))
        return program

    def stop(self, name: str, *, grace: float = 5.0) -> None:
        """End a program: with SIGTERM, and with SIGKILL after ``grace`` seconds; returns once it is gone."""
        program = self._programs.get(name)
        if program is None or program.status is not None or program.failure is not None:
            return
        self._order(stop=name, grace=int(grace * 1000))
        with self._changed:
            self._changed.wait_for(lambda: program.status is not None, timeout=grace + 5)

    @property
    def pid(self) -> int:
        """The supervisor's own process."""
        return self._process.pid

    @property
    def programs(self) -> tuple[Program, ...]:
        """All programs, in the order in which they were last started."""
        return tuple(self._programs.values())

    def running(self, name: str) -> bool:
        """Return whether a program was started and has not ended."""
        program = self._programs.get(name)
        return program is not None and program.status is None and program.failure is None

    def close(self) -> None:
        """End everything; may be called twice."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=5)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _order(self, **order: object) -> None:
        stdin = self._process.stdin
        if stdin is None or stdin.closed:
            raise LiveError("the cluster has been ended")
        try:
            stdin.write(json.dumps(order) + "\n")
            stdin.flush()
        except OSError:
            raise LiveError("the cluster's supervisor has ended; nothing of the cluster runs any more") from None

    def _read(self) -> None:
        if self._process.stdout is None:
            return
        for line in self._process.stdout:
            told = json.loads(line)
            with self._changed:
                program = self._programs.get(told["name"])
                if program is not None:
                    _note(program, told)
                self._changed.notify_all()


def _note(program: Program, told: dict[str, object]) -> None:
    if told["event"] == "started":
        program.pid = int(str(told["pid"]))
    elif told["event"] == "failed":
        program.failure = str(told.get("error") or "it could not be started")
    else:
        program.status = int(str(told["status"]))
