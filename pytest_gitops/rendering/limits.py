"""Bounds what a child process may take, where the operating system has a way to do so from outside."""

from __future__ import annotations

import contextlib
import sys

MEMORY = 3 << 29  # bytes: well above the bound that the engine keeps itself, and the last one there is


def limit(pid: int, *, memory: int | None = None, output: int | None = None) -> None:
    """Bound, in bytes, the private memory of a process and the size of a file it writes; on Linux only."""
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415  (not everywhere)

    for kind, value in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_FSIZE, output)):
        if value is not None:
            with contextlib.suppress(OSError, ValueError):
                resource.prlimit(pid, kind, (value, value))
