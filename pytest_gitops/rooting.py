"""Decides which directory ``spec.path`` is relative to: the one given, or the Git work tree around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from pytest_gitops.discovery import Declaration
from pytest_gitops.exceptions import RepositoryError
from pytest_gitops.paths import ancestors, is_directory
from pytest_gitops.repository import Repository


def root_of(repository: Repository, declarations: Iterable[Declaration]) -> Path:
    """Return the directory that the Kustomizations' paths are relative to.

    A source's artifact is a whole repository, so a directory inside of one may be meant as a part of it, or as an
    example that is complete in itself; and an artifact may be made of a directory further down. The paths tell
    which. Raises RepositoryError where they lead nowhere, and would lead somewhere from a directory further up.
    """
    known = [declaration for declaration in declarations if declaration.path]
    paths = sorted({str(declaration.path) for declaration in known})
    from_git = sorted({str(d.path) for d in known if d.source is not None and d.source[0] == "GitRepository"})
    # An OCI artifact may be made of a part of the repository, a GitRepository's is all of it: its paths tell more.
    here = _resolving(repository.root, from_git, paths)
    above = repository.toplevel
    if above is not None and above != repository.root and _resolving(above, from_git, paths) > here:
        return above
    if paths and not here[1]:
        _check_missing_prefix(repository.root, paths)
        return _further_down(repository.root, known)
    return repository.root


def _resolving(root: Path, *groups: Iterable[str]) -> tuple[int, ...]:
    """Return of each group of paths how many are directories; each path is looked at once."""
    known = cache(partial(is_directory, root))
    return tuple(sum(map(known, paths)) for paths in groups)


def _further_down(root: Path, declarations: Iterable[Declaration]) -> Path:
    """Return the directory that most Kustomizations, and more than one, have their paths in; else the root."""
    found: Counter[str] = Counter()
    total = 0
    for declaration in declarations:
        total += 1
        above = (directory for directory in ancestors(declaration.file) if directory)
        match = next((d for d in above if is_directory(root, f"{d}/{declaration.path}")), None)
        found.update([match] if match else [])
    for directory, count in found.most_common(1):
        if count > 1 and count * 2 > total:
            return root / directory
    return root


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
