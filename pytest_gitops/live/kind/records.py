"""Records of the kind clusters that runs have made, so that one whose run was killed is deleted by the next.

A record is a file in the directory for temporary files, locked for as long as a process of the run lives.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

PREFIX = "gitops-kind-"
SUFFIX = ".lock"
_NAME = re.compile(rf"{PREFIX}[0-9a-f]{{8}}")


class Record:
    """A new cluster's name, which no other cluster has, and the locked file that says that it is ours.

    ``daemon`` tells on which of the container engine's daemons it is.
    """

    def __init__(self, daemon: Mapping[str, str]) -> None:
        self.name = f"{PREFIX}{secrets.token_hex(4)}"
        self.path = Path(tempfile.gettempdir()) / f"{self.name}{SUFFIX}"
        # Locked before it has its name: no sweep takes it for one that nobody holds.
        fresh = self.path.with_suffix(".new")
        self._file: IO[str] = open(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w", encoding="utf-8")  # noqa: SIM115
        fcntl.flock(self._file, fcntl.LOCK_EX)
        json.dump(dict(daemon), self._file)
        self._file.flush()
        fresh.rename(self.path)

    @property
    def descriptor(self) -> int:
        """The file descriptor whose copies hold the lock too."""
        return self._file.fileno()

    def close(self) -> None:
        """Let the lock go; may be called twice."""
        self._file.close()


def sweep(daemon: Mapping[str, str], delete: Callable[[str], None]) -> None:
    """Delete this user's clusters on a daemon whose runs are gone; what can't be deleted is left for the next run."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*{SUFFIX}"):
        name = path.name.removesuffix(SUFFIX)
        with suppress(OSError, ValueError):
            if not _NAME.fullmatch(name) or path.lstat().st_uid != os.getuid():
                continue
            with path.open("r+", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if json.load(file) == dict(daemon):
                    delete(name)
                    path.unlink()
