"""A child process spoken to in lines, from one thread, without ever blocking on a full pipe."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import IO

from pytest_gitops.rendering.limits import limit

_CHUNK = 1 << 18
_PIPE_SIZE = 1 << 20
_STDERR_KEPT = 4096
_FATAL = (b"panic:", b"fatal error:", b"runtime:")


class ProcessEndedError(Exception):
    """The child is gone, or had to be ended; the message completes "the engine …".

    ``outside`` tells that somebody else killed it, such as the kernel when memory is short.
    """

    def __init__(self, message: str, *, outside: bool = False) -> None:
        super().__init__(message)
        self.outside = outside


class LineProcess:
    """Runs ``command`` with exactly ``environment``; ``max_line`` and ``max_memory`` are bounds in bytes.

    The child is the leader of its own process group, so an interrupt from the terminal reaches only Python. It
    sees the end of its stdin when this object is ended or collected, or when Python dies in any way; a forked
    copy of Python lets go of the pipes at once. Raises OSError where the program can't be started.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, max_line: int, max_memory: int
    ) -> None:
        self._max_line = max_line
        self._owner = os.getpid()
        self._outgoing = bytearray()
        self._incoming = bytearray()
        self._stderr = bytearray()
        self._popen = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=dict(environment),
            process_group=0,
        )
        limit(self._popen.pid, memory=max_memory)
        self._stdin, self._stdout, self._stderr_fd = (
            _nonblocking(stream) for stream in (self._popen.stdin, self._popen.stdout, self._popen.stderr)
        )
        _widen(self._stdin)
        _widen(self._stdout)
        self._selector = selectors.PollSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._selector.register(self._stderr_fd, selectors.EVENT_READ)
        self._end = weakref.finalize(self, _end, self._popen, self._owner)
        _living.add(self)

    @property
    def usable(self) -> bool:
        """Whether this process started the child, and has not ended it."""
        return self._end.alive and self._owner == os.getpid()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._popen.pid

    def send(self, line: bytes) -> None:
        """Queue one line, and write as much as the pipe takes."""
        self._outgoing += line
        self._outgoing += b"\n"
        self._write()

    @property
    def streams(self) -> list[tuple[int, int]]:
        """The descriptors that this process waits on, each with the events to wait for (as ``selectors`` has them)."""
        return [(key.fd, key.events) for key in self._selector.get_map().values()]

    def receive(self, timeout: float) -> list[bytes]:
        """Wait for at least one whole line; raises ProcessEndedError after ``timeout`` seconds of silence.

        Raises ProcessEndedError too where the child is gone or a line is too long. The child is ended then.
        """
        limit = time.monotonic() + timeout
        while True:
            heard, lines = self._pump(max(0.0, limit - time.monotonic()))
            if lines:
                return lines
            if heard:
                limit = time.monotonic() + timeout
            elif time.monotonic() >= limit:
                raise self.fail(f"gave no answer for {timeout:g} s")

    def poll(self) -> list[bytes]:
        """Return the whole lines that are there, without waiting; raises as ``receive`` does, less for silence."""
        return self._pump(0.0)[1]

    def _pump(self, timeout: float) -> tuple[bool, list[bytes]]:
        """Read and write what can be within the time; return whether stdout had anything, and whole lines of it."""
        ready = {key.fd for key, _ in self._selector.select(timeout)}
        if self._stderr_fd in ready:
            self._read_stderr()
        if self._stdin in ready:
            self._write()
        if self._stdout in ready:
            return True, self._read_lines()
        return False, []

    def end(self) -> None:
        """Close the child's stdin, give it a moment to end, then kill it; may be called twice."""
        self._selector.close()
        self._end()
        _living.discard(self)

    def let_go(self) -> None:
        """Close this process's copy of the pipes without touching the child, which belongs to the forking process."""
        self._selector.close()
        self._end.detach()
        self._popen.returncode = 0
        _close(self._popen)

    def fail(self, reason: str | None) -> ProcessEndedError:
        """End the child and return the error to raise: the reason, or how the child ended, and what it said last."""
        if reason is None:
            try:
                self._popen.wait(timeout=1)
            except subprocess.TimeoutExpired:
                reason = "closed its output"
        if reason is not None:
            self._popen.kill()
        status = self._popen.wait()
        with contextlib.suppress(KeyError):
            while self._read_stderr():
                pass
        said = self._last_words()
        self.end()
        outside = reason is None and status in (-signal.SIGKILL, -signal.SIGTERM)
        return ProcessEndedError("\n".join((reason or _how_it_ended(status), *said)), outside=outside)

    def _write(self) -> None:
        try:
            while self._outgoing:
                written = os.write(self._stdin, memoryview(self._outgoing)[:_CHUNK])
                del self._outgoing[:written]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._outgoing.clear()  # the end of stdout, seen while reading, tells the rest
        self._watch_stdin(bool(self._outgoing))

    def _watch_stdin(self, wanted: bool) -> None:
        watched = self._stdin in self._selector.get_map()
        if wanted and not watched:
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        elif watched and not wanted:
            self._selector.unregister(self._stdin)

    def _read_lines(self) -> list[bytes]:
        start = len(self._incoming)
        chunk = os.read(self._stdout, _CHUNK)
        if not chunk:
            raise self.fail(None)
        self._incoming += chunk
        end = self._incoming.rfind(b"\n", start)
        if end < 0:
            if len(self._incoming) > self._max_line:
                raise self.fail(f"answered with more than {self._max_line >> 20} MiB")
            return []
        lines = bytes(self._incoming[:end]).split(b"\n")
        del self._incoming[: end + 1]
        return lines

    def _read_stderr(self) -> bool:
        chunk = b""
        with contextlib.suppress(BlockingIOError):
            chunk = os.read(self._stderr_fd, _CHUNK)
            if not chunk:
                self._selector.unregister(self._stderr_fd)
        self._stderr += chunk
        if len(self._stderr) > 2 * _STDERR_KEPT:
            # A Go crash says why in its first lines; everything else says it in its last ones.
            del self._stderr[_STDERR_KEPT:-_STDERR_KEPT]
        return bool(chunk)

    def _last_words(self) -> list[str]:
        lines = [line.strip() for line in bytes(self._stderr).splitlines() if line.strip()]
        fatal = [line for line in lines if line.startswith(_FATAL)]
        return [line.decode(errors="replace")[:500] for line in (fatal[:3] or lines[-3:])]


def wait_for_any(processes: Sequence[LineProcess], timeout: float) -> None:
    """Wait until one of the processes can be read from or written to, or until ``timeout`` seconds are over."""
    with selectors.DefaultSelector() as selector:
        for process in processes:
            for descriptor, events in process.streams:
                selector.register(descriptor, events)
        selector.select(timeout)


_living: weakref.WeakSet[LineProcess] = weakref.WeakSet()


def _let_go_of_all() -> None:
    """In a forked child: the pipes are the parent's; held open here, they would keep the engine from ending."""
    for process in list(_living):
        process.let_go()
    _living.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_of_all)


def _nonblocking(stream: IO[bytes] | None) -> int:
    assert stream is not None  # noqa: S101  (a pipe was asked for)
    descriptor = stream.fileno()
    os.set_blocking(descriptor, False)
    return descriptor


def _widen(descriptor: int) -> None:
    """Let a pipe hold more, where the system can, so that neither side waits while the other one works."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl  # noqa: PLC0415  (not on Windows)

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)


def _end(popen: subprocess.Popen[bytes], owner: int) -> None:
    if os.getpid() != owner:
        return
    if popen.stdin is not None:
        popen.stdin.close()
    _wait(popen)
    _close(popen)


def _wait(popen: subprocess.Popen[bytes]) -> int:
    try:
        return popen.wait(timeout=1)
    except subprocess.TimeoutExpired:
        popen.kill()
        return popen.wait()


def _close(popen: subprocess.Popen[bytes]) -> None:
    for stream in (popen.stdin, popen.stdout, popen.stderr):
        if stream is not None:
            stream.close()


def _how_it_ended(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"
