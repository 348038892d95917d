"""A single fault: one edit of the clean fleet, and the one finding that it must lead to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from clean_fleet import BOTH, Files

from pytest_gitops.model import Finding

Edit = Callable[[Files], None]
Check = Callable[[Files], list[Finding]]


@dataclass(frozen=True)
class Fault:
    """What is edited, and which rule tells it where.

    ``at`` is a part of the line that the finding points at, which must be on one line of ``file`` only.
    """

    id: str
    edit: Edit
    rule: str
    file: str
    at: str
    clusters: tuple[str, ...] = BOTH
    severity: str = "error"

    def line(self, files: Files) -> int:
        """Return the line (from 1) of the finding in the edited fleet."""
        lines = [number for number, text in enumerate(files[self.file].splitlines(), 1) if self.at in text]
        assert len(lines) == 1, f"{self.at!r} is on the lines {lines} of {self.file}"
        return lines[0]


def replace(path: str, old: str, new: str) -> Edit:
    """Replace a text that is in the file once."""

    def edit(files: Files) -> None:
        assert files[path].count(old) == 1, f"{old!r} is {files[path].count(old)} times in {path}"
        files[path] = files[path].replace(old, new)

    return edit


def append(path: str, text: str, *, dedented: bool = True) -> Edit:
    """Append a text to a file, as a new document where it begins with ``---``."""

    def edit(files: Files) -> None:
        files[path] = files[path] + (dedent(text).lstrip("\n") if dedented else text)

    return edit


def create(path: str, text: str) -> Edit:
    """Create a file."""

    def edit(files: Files) -> None:
        assert path not in files
        files[path] = dedent(text).lstrip("\n")

    return edit


def remove(path: str) -> Edit:
    """Remove a file."""

    def edit(files: Files) -> None:
        del files[path]

    return edit


def all_of(*edits: Edit) -> Edit:
    """Do several edits: a fault in one place may need a stage set for it."""

    def edit(files: Files) -> None:
        for each in edits:
            each(files)

    return edit


def write(root: Path, files: Files) -> Path:
    """Write the fleet into a directory, as a checkout of its repository."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
