"""Puts sources together from others: what a GitRepository includes, and what an ArtifactGenerator copies."""

from __future__ import annotations

import posixpath
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from pytest_gitops.locating import LOADER
from pytest_gitops.model import JsonObject
from pytest_gitops.nesting import is_too_deep
from pytest_gitops.paths import ancestors, clean, is_below
from pytest_gitops.recursion.globs import excluded, is_glob, matching, selected
from pytest_gitops.rendering import RenderError, TreeError
from pytest_gitops.sources import Copy

MAX_BYTES = 256 * 1024 * 1024
MAX_FILES = 50_000
TARBALLS = (".tar.gz", ".tgz")


@dataclass(frozen=True, slots=True)
class Step:
    """One file to copy: from a path of a source to one of the composed source. ``how`` is the operation's strategy."""

    source: str
    target: str
    how: str = "Overwrite"


def steps(copy: Copy, files: Sequence[str], there: set[str]) -> list[Step]:
    """Return what a copy operation does with the files of its source; ``there`` are the files copied before it.

    As source-watcher 2.1 does it, which follows ``cp -r``. Raises TreeError where nothing is there to copy.
    """
    try:
        found = list(_steps(copy, set(files), there))
    except ValueError as error:
        raise _error(copy, str(error)) from None
    return found


def _steps(copy: Copy, files: set[str], there: set[str]) -> Iterator[Step]:
    if copy.start == "" and not copy.strategy:
        yield from (Step(path, posixpath.join(copy.to, path)) for path in sorted(files))
        return
    if not copy.strategy:
        below = [path for path in sorted(files) if is_below(path, copy.start)]
        yield from (Step(path, posixpath.join(copy.to, path[len(copy.start) + 1 :])) for path in below)
        return
    yield from _matched(copy, files) if is_glob(copy.start) else _single(copy, files, there)


def _single(copy: Copy, files: set[str], there: set[str]) -> Iterator[Step]:
    start = clean(copy.start)
    if start in files:
        if excluded(start, "", copy.exclude):
            return
        if copy.strategy == "Extract" and not start.lower().endswith(TARBALLS):
            raise ValueError(f"{start} is no tarball (.tar.gz, .tgz)")
        directory = copy.to.endswith("/") or any(is_below(path, copy.to) and path != copy.to for path in there)
        into = directory and copy.strategy != "Extract"
        target = posixpath.join(copy.to, posixpath.basename(start)) if into else copy.to
        yield Step(start, clean(target), copy.strategy)
        return
    below = _below(files, start, start, copy)
    if copy.strategy == "Extract" and below:
        raise ValueError(f"{start} is a directory, which can't be extracted")
    if not below and not copy.optional and not any(is_below(path, start) for path in files):
        raise ValueError(f"there is no {start}")
    for path in below:
        inner = path[len(start) :].lstrip("/")
        yield Step(path, clean(f"{copy.to}/{posixpath.basename(start)}/{inner}"), copy.strategy)


def _matched(copy: Copy, files: set[str]) -> Iterator[Step]:
    paths = files | {parent for path in files for parent in ancestors(path) if parent}
    extract = copy.strategy == "Extract"
    found = matching(copy.start, paths, deep=extract)
    base = selected(copy.start)
    kept = [path for path in found if not excluded(path, base, copy.exclude)]
    if not kept and not copy.optional:
        raise ValueError("all files that match are excluded" if found else "no files match")
    prefix = copy.start.removesuffix("/**") if copy.start.endswith("/**") else None
    for path in kept:
        inner = path[len(prefix) + 1 :] if prefix and path.startswith(f"{prefix}/") else path
        if extract:
            if path in files and path.lower().endswith(TARBALLS):
                yield Step(path, clean(copy.to), copy.strategy)
            continue
        for file in [path] if path in files else _below(files, path, base, copy):
            yield Step(file, clean(f"{copy.to}/{inner}/{file[len(path) :]}"), copy.strategy)


def _below(files: set[str], directory: str, base: str, copy: Copy) -> list[str]:
    """Return the files of a directory that no pattern excludes, by themselves or by a directory that holds them."""
    return [
        path
        for path in sorted(files)
        if is_below(path, directory) and not any(excluded(part, base, copy.exclude) for part in _down(path, directory))
    ]


def _down(path: str, directory: str) -> Iterator[str]:
    yield path
    yield from (parent for parent in ancestors(path) if parent != directory and is_below(parent, directory))


class Composer:
    """Copies files into one directory, and remembers where each comes from."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.origins: dict[str, str] = {}
        self._room = MAX_BYTES
        self._files = MAX_FILES

    def add(self, copy: Copy, root: Path, files: Sequence[str], name: str) -> None:
        """Copy what an operation takes from a source with these files; ``name`` is the source's path for users.

        Raises TreeError where there is nothing, too much, or it can't be read.
        """
        for step in steps(copy, files, set(self.origins)):
            try:
                self._copy(copy, root, step, name)
            except OSError as error:
                raise _error(copy, f"{step.source} can't be copied: {error.strerror or error}") from None

    def _copy(self, copy: Copy, root: Path, step: Step, name: str) -> None:
        source, target = root / step.source, self.target / step.target
        if step.how == "Extract":
            self._extract(copy, source, step.target, name + step.source)
            return
        self._spend(copy, source.stat().st_size)
        target.parent.mkdir(parents=True, exist_ok=True)
        if step.how == "Merge" and target.is_file():
            merged = _merged(_documents(copy, target), _documents(copy, source))
            target.write_text(yaml.safe_dump(merged, sort_keys=True), encoding="utf-8")
        else:
            shutil.copyfile(source, target, follow_symlinks=False)
        self._origin(step.target, name + step.source)

    def _extract(self, copy: Copy, source: Path, target: str, origin: str) -> None:
        for path, size in unpack(source, self.target / target):
            self._spend(copy, size)
            self._origin(posixpath.join(target, path), origin)

    def _origin(self, path: str, origin: str) -> None:
        self.origins[path] = origin
        directories = zip(ancestors(path), ancestors(origin), strict=False)
        for directory, other in directories:
            if directory and other:
                self.origins.setdefault(directory, other)

    def _spend(self, copy: Copy, size: int) -> None:
        self._room -= size
        self._files -= 1
        if self._room < 0 or self._files < 0:
            raise _error(copy, f"more than {MAX_FILES} files or {MAX_BYTES >> 20} MiB", "limit")


def unpack(archive: Path, target: Path) -> Iterator[tuple[str, int]]:
    """Unpack the regular files of a tarball below a directory; yield the path and size of each.

    Links and whatever would leave the directory are left out. Raises TreeError where it is no tarball, or too large.
    """
    room = MAX_BYTES
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                room -= member.size + 512
                if room < 0:
                    raise TreeError(RenderError("limit", f"{archive.name} unpacks to more than {MAX_BYTES >> 20} MiB"))
                path = clean(member.name)
                content = tar.extractfile(member) if member.isreg() and path else None
                if content is not None and ".." not in member.name.split("/"):
                    (target / path).parent.mkdir(parents=True, exist_ok=True)
                    with content, (target / path).open("wb") as file:
                        shutil.copyfileobj(content, file)
                    yield path, member.size
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise TreeError(RenderError("build", f"{archive.name} can't be unpacked: {error}")) from None


def _documents(copy: Copy, path: Path) -> JsonObject:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    merged: JsonObject = {}
    try:
        if is_too_deep(text):
            raise ValueError("it nests too deep")
        for document in yaml.load_all(text, Loader=LOADER):
            if document is not None and not isinstance(document, dict):
                raise ValueError("it is no mapping")
            merged = _merged(merged, document or {})
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise _error(copy, f"{path.name} can't be merged as YAML: {reason}") from None
    return merged


def _merged(base: JsonObject, other: JsonObject) -> JsonObject:
    """Merge mappings into each other as Helm does with values; lists and scalars replace what was there."""
    result = dict(base)
    for key, value in other.items():
        known = result.get(key)
        both = isinstance(known, dict) and isinstance(value, dict)
        result[key] = _merged(known, value) if both else value  # type: ignore[arg-type]
    return result


def _error(copy: Copy, message: str, code: str = "artifact") -> TreeError:
    said = f"can't copy {copy.said}: {message}" if copy.said else f"can't be included: {message}"
    return TreeError(RenderError(code, said, field=copy.field or None))
