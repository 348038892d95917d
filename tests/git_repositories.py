"""Git repositories for tests: made of files, committed, cloned."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from fleet_files import write_files

_WHO = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false")
_ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}


def git(root: Path, *command: str, given: bytes | None = None) -> str:
    """Return what a Git command in a directory writes, without the line's end."""
    done = subprocess.run(
        ["git", *_WHO, *command], cwd=root, check=True, capture_output=True, env=_ENVIRONMENT, input=given
    )
    return done.stdout.decode().rstrip("\n")


def commit(root: Path, message: str = "change") -> str:
    """Commit all that is below a directory, a repository from then on, and return the commit's id."""
    if not (root / ".git").exists():
        git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message)
    return git(root, "rev-parse", "HEAD")


def committed(root: Path, files: Mapping[str, str]) -> Path:
    """Write files below a directory and commit them; return the directory."""
    write_files(root, files)
    commit(root)
    return root
