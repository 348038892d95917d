"""Decides which directory ``spec.path`` is relative to: the one given, or the Git work tree around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pytest_gitops.discovery import Declaration
from pytest_gitops.exceptions import RepositoryError
from pytest_gitops.paths import is_directory
from pytest_gitops.repository import Repository


def root_of(repository: Repository, declarations: Iterable[Declaration]) -> Path:
    """Return the directory that the Kustomizations' paths are relative to.

    A source's artifact is a whole repository, so a directory inside of one may be meant as a part of it, or as an
    example that is complete in itself: the paths tell which. Raises RepositoryError where they lead nowhere, and
    would lead somewhere from a directory further up.
    """
    paths = sorted({d.path for d in declarations if d.path})
    here = _resolving(repository.root, paths)
    if repository.toplevel is not None and _resolving(repository.toplevel, paths) > here:
        return repository.toplevel
    if paths and not here:
        _check_missing_prefix(repository.root, paths)
    return repository.root


def _resolving(root: Path, paths: Iterable[str]) -> int:
    return sum(1 for path in paths if is_directory(root, path))


def _check_missing_prefix(root: Path, paths: list[str]) -> None:
    """Raise where most paths are there but for the directories they begin with."""
    missing: Counter[str] = Counter()
    for path in paths:
        parts = path.split("/")
        tails = (position for position in range(1, len(parts)) if is_directory(root, "/".join(parts[position:])))
        position = next(tails, None)
        if position is not None:
            missing["/".join(parts[:position])] += 1
    for prefix, count in missing.most_common(1):
        if count * 2 > len(paths):
            raise RepositoryError(
                f"{root}: the Kustomizations' paths begin with {prefix}/, which is not here: spec.path is relative to "
                f"the repository's root; give the directory that holds {prefix}/"
            )
