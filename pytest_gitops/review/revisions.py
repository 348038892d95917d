"""What a change is compared with: the merge base of a ref and the work tree, as forges have it, and what differs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from pytest_gitops.exceptions import RepositoryError
from pytest_gitops.repository import Repository
from pytest_gitops.review.exporting import export, export_submodule
from pytest_gitops.review.model import Revision
from pytest_gitops.review.store import GitError, Store

HEAD = "HEAD"
# What a clone calls the branch that its origin's HEAD is.
DEFAULT = "origin/HEAD"


@dataclass(frozen=True, slots=True)
class Range:
    """A change: from which commit to which, and the files (status and path below ``root``) that it touches.

    ``base`` is the merge base with the ref that was asked for; ``head`` is what is checked out, with what is not
    committed yet. ``tree`` is the base's tree of the directory ``root``, None where base has no such directory.
    ``absent`` are files that a sparse checkout leaves out of head, hence of the base as well.
    """

    root: Path
    base: Revision
    head: Revision
    tree: str | None
    files: tuple[tuple[str, str], ...]
    absent: frozenset[str] = frozenset()

    def differs(self, file: Path) -> bool:
        """Return whether a file of the same clone, outside of ``root``, is not what it was at the base."""
        top = next((parent for parent in file.parents if (parent / ".git").exists()), None)
        if top is None or not self.root.is_relative_to(top):
            return False
        try:
            changed = {path for _, path in Store(top).changed(self.base.commit)}
        except GitError:
            return True
        return file.relative_to(top).as_posix() in changed

    def write_base(self, repository: Repository, directory: Path, *, submodules: bool = False) -> Repository:
        """Write the base's files below a directory that is made, and return the repository that they are.

        With ``submodules``, those are written too, as far as they are checked out. It has the name, the remotes and
        the branches of ``repository``, which is that of ``root``. Raises RepositoryError where it can't be written, or
        the clone lacks a part of it.
        """
        target = directory / (self.root.name or "repository")
        try:
            found = export(Store(self.root), self.tree, target, self.absent) if self.tree else ()
        except GitError as error:
            raise RepositoryError(f"--gitops-base: {self.base.ref}: {error}; fetch all of it") from None
        target.mkdir(exist_ok=True)
        for entry in found if submodules else ():
            export_submodule(self.root, entry, target)
        paths = tuple(entry.path for entry in found)
        return replace(repository, root=target, toplevel=target, hidden=(), submodules=paths, known_as=repository.name)


def find_range(root: Path, ref: str, *, besides: Path | None = None) -> Range:
    """Return the change between a ref and the work tree at ``root``; ``besides`` is a directory that is no part of it.

    Raises RepositoryError, with what to do, outside of Git, for a ref that isn't there, and where the clone's history
    does not go back far enough.
    """
    top = next((parent for parent in (root, *root.parents) if (parent / ".git").exists()), None)
    if top is None:
        raise RepositoryError(f"--gitops-base: {root} is in no Git work tree: there is nothing to compare it with")
    try:
        return _found(Store(root), root, _below(root, top), ref, besides)
    except GitError as error:
        raise RepositoryError(f"--gitops-base: {ref}: {error}") from None


def _found(store: Store, root: Path, directory: str, ref: str, besides: Path | None) -> Range:
    wanted, head = store.commits(ref, HEAD) if _is_ref(ref) else (None, *store.commits(HEAD))
    if head is None:
        raise RepositoryError("--gitops-base: the repository has no commit yet: there is nothing to compare with")
    if wanted is None:
        raise RepositoryError(f"--gitops-base: {_unknown(store, ref)}")
    base = store.merge_base(wanted, head)
    if base is None:
        raise RepositoryError(f"--gitops-base: {_unrelated(store, ref)}")
    tree = store.tree(base, directory)
    files = tuple(_without(store.changed(base), root, besides))
    dirty = any(True for _ in _without(store.changed(head), root, besides)) if base != head else bool(files)
    prefix = f"{directory}/" if directory else ""
    absent = frozenset(path.removeprefix(prefix) for path in store.left_out() if path.startswith(prefix))
    return Range(root, Revision(ref, base), Revision(_branch(store), head, dirty), tree, files, absent)


def _is_ref(ref: str) -> bool:
    """Tell whether a text can name a commit: not one with a line break, nor an empty one."""
    return bool(ref.strip()) and not any(character in ref for character in "\n\r\0")


def _without(changed: Iterator[tuple[str, str]], root: Path, besides: Path | None) -> Iterator[tuple[str, str]]:
    ours = _below(besides, root) if besides is not None and besides.is_relative_to(root) else None
    return ((status, path) for status, path in changed if not ours or not (path == ours or path.startswith(f"{ours}/")))


def _below(path: Path, top: Path) -> str:
    relative = Path(os.path.relpath(path, top)).as_posix()
    return "" if relative == "." else relative


def _branch(store: Store) -> str:
    return store.run("symbolic-ref", "--quiet", "--short", HEAD, fails=(1,)).decode(errors="replace").strip() or HEAD


def _unknown(store: Store, ref: str) -> str:
    """Say that a ref is none, with the nearest one that is, or how to get it."""
    if ref == DEFAULT:
        return (
            "the clone does not know which branch is origin's default; give --gitops-base=REF, or have Git learn it by "
            "`git remote set-head origin --auto`"
        )
    known = store.references()
    remote = [name for name in known if ref and name.partition("/")[2] == ref]
    near = remote or [name for name in get_close_matches(ref, known, cutoff=0.6) if _is_slip(ref, name)]
    if near:
        return f"{ref!r} names no commit of this clone; did you mean {near[0]!r}?"
    fetch = "fetch it first, with `git fetch origin BRANCH` and then --gitops-base=origin/BRANCH"
    return f"{ref!r} names no commit of this clone; {_deeper(fetch) if store.is_shallow() else fetch}"


def _is_slip(ref: str, name: str) -> bool:
    """Return whether a ref may be meant for another: ``origin/main`` is not ``origin/feat``, as much as they share."""
    return bool(get_close_matches(ref.rpartition("/")[2], [name.rpartition("/")[2]], cutoff=0.6))


def _unrelated(store: Store, ref: str) -> str:
    if store.is_shallow():
        return f"this clone is too shallow to tell where {ref} and HEAD part; {_deeper('fetch more')}"
    return f"{ref} and HEAD have no commit in common: give the branch that this one will be merged into"


def _deeper(otherwise: str) -> str:
    return (
        f"{otherwise}. The clone is shallow: `git fetch --unshallow`, `fetch-depth: 0` of actions/checkout, or "
        "`GIT_DEPTH: 0` in GitLab CI get all of it"
    )
