"""Writes one revision of a repository into a directory of its own, as its object store has it: no filter, no hook."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from pathlib import Path

from pytest_gitops.exceptions import RepositoryError
from pytest_gitops.review.store import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry, GitError, Store

MOST_FILES = 200_000
MOST_BYTES = 1 << 30
# What the engine reads at most; of a larger file, it needs to know no more than that.
LARGEST_FILE = 16 << 20
# Where every symbolic link leads: nowhere. No artifact of Flux' has any; that there was one is worth knowing.
NOWHERE = "symbolic-link-of-the-revision"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def export(store: Store, tree: str, target: Path, absent: Container[str] = ()) -> tuple[Entry, ...]:
    """Write a tree's files below ``target``, which is made, less those ``absent``; return its submodules.

    Symbolic links lead nowhere, and what would lie outside of ``target`` (``..``, ``.git``, below a link) is left out,
    as is what this file system can't hold. Files larger than the engine reads are there, empty but as large.

    Raises RepositoryError for a tree beyond 200,000 files or 1 GiB, and GitError where the clone lacks a part of it.
    """
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    entries = [entry for entry in store.entries(tree) if _is_safe(entry.path) and entry.path not in absent]
    _refuse_too_much(entries)
    files = [entry for entry in entries if entry.mode in (FILE, EXECUTABLE, "100664")]
    small = [entry for entry in files if entry.size <= LARGEST_FILE]
    writer = _Writer(target)
    for entry in entries:
        if entry.mode == SYMLINK:
            writer.link(entry)
    for entry, content in store.contents(small):
        writer.write(entry, content)
    for entry in files:
        if entry.size > LARGEST_FILE:
            writer.write(entry, b"", size=entry.size)
    return tuple(entry for entry in entries if entry.mode == SUBMODULE)


def export_submodule(root: Path, submodule: Entry, target: Path, deepest: int = 3) -> None:
    """Write the files of a submodule, and of those in it, where it is checked out below ``root`` and has the commit.

    A directory that a symbolic link leads to is none of the repository's. What isn't here stays out.
    """
    home, place = root / submodule.path, target / submodule.path
    if home.is_symlink() or not home.resolve().is_relative_to(root.resolve()) or not (home / ".git").exists():
        return
    try:
        inner = export(Store(home), submodule.oid, place)
    except (GitError, OSError):
        return
    for other in inner if deepest else ():
        export_submodule(home, other, place, deepest - 1)


def _is_safe(path: str) -> bool:
    parts = path.split("/")
    return all(part not in ("", ".", "..") and part.lower() != ".git" and "\0" not in part for part in parts)


def _refuse_too_much(entries: Iterable[Entry]) -> None:
    sizes = [min(entry.size, LARGEST_FILE) for entry in entries]
    if len(sizes) > MOST_FILES or sum(sizes) > MOST_BYTES:
        raise RepositoryError(
            f"the base holds {len(sizes):,} files with {sum(sizes) >> 20:,} MiB, more than the {MOST_FILES:,} files or "
            f"{MOST_BYTES >> 20:,} MiB that a review looks at: give --gitops-repo the part of the repository that "
            "Flux reads"
        )


class _Writer:
    """Writes below a directory that nobody else writes into; it follows no link, and replaces nothing."""

    def __init__(self, target: Path) -> None:
        self._target = str(target)
        self._made = {""}
        self._links: set[str] = set()

    def link(self, entry: Entry) -> None:
        """Write a symbolic link."""
        self._links.add(entry.path)
        if self._prepared(entry.path):
            _passing(partial(os.symlink, NOWHERE, os.path.join(self._target, entry.path)))

    def write(self, entry: Entry, content: bytes, *, size: int = 0) -> None:
        """Write a file; one of ``size`` bytes without content takes no room."""
        if self._prepared(entry.path):
            _passing(partial(self._create, entry.path, content, size))

    def _create(self, path: str, content: bytes, size: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(os.path.join(self._target, path), flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if size:
                file.truncate(size)

    def _prepared(self, path: str) -> bool:
        """Make the directories of a file; return whether there are all of them, and none is a link."""
        for parent in _parents(path):
            if parent in self._links:
                return False
            if parent not in self._made:
                if not _passing(partial(os.mkdir, os.path.join(self._target, parent), 0o700)):
                    return False
                self._made.add(parent)
        return True


def _parents(path: str) -> Iterator[str]:
    """Yield the directories above a file, outermost first."""
    start = path.find("/")
    while start >= 0:
        yield path[:start]
        start = path.find("/", start + 1)


def _passing(act: Callable[[], object]) -> bool:
    """Do it, and return whether it could be done; a full disk is no matter of one file. Raises RepositoryError then."""
    try:
        act()
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in _FULL:
            raise RepositoryError(f"the base can't be written to {error}") from None
        return False
    return True
