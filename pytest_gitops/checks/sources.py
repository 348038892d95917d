"""The repository's files as rules and locations see them: text and YAML nodes, read once."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from fnmatch import translate
from functools import cache, cached_property
from pathlib import Path
from posixpath import dirname, join, normpath

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from pytest_gitops.nesting import is_too_deep

LARGEST_FILE = 4 * 1024 * 1024

LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SourceFile:
    """One text file of the repository: its path, text and YAML documents.

    ``path`` is relative to the repository's root, with slashes; ``real`` follows a directory's symbolic links.
    """

    def __init__(
        self,
        root: Path,
        path: str,
        real: Callable[[str], str] = os.path.realpath,
        beside: Sequence[Path] = (),
    ) -> None:
        self.path = path
        self._file = os.path.join(root, path)
        self._roots = (str(root), *map(str, beside))
        self._real = real

    @classmethod
    def of(cls, path: str, text: str) -> SourceFile:
        """Return a file of this content that needn't exist."""
        file = cls(Path(), path)
        file.__dict__["text"] = text
        return file

    @cached_property
    def text(self) -> str:
        """The file's text; empty where it can't be read, is no UTF-8, too large, or lies outside of the repository."""
        try:
            real = self._path()
            if not any(real.startswith(os.path.join(self._real(root), "")) for root in self._roots):
                return ""
            found = os.stat(real)
            if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_FILE:
                return ""
            with open(real, "rb") as file:
                return _lines_as_unix(file.read().decode("utf-8-sig"))
        except (OSError, ValueError):
            return ""

    def _path(self) -> str:
        """Return the file's path as symbolic links lead to it; those of its directory many files share."""
        directory, name = os.path.split(self._file)
        path = os.path.join(self._real(directory), name)
        return os.path.realpath(path) if os.path.islink(path) else path

    @cached_property
    def documents(self) -> tuple[Node, ...]:
        """The root node of each YAML document, with marks; those before the first error where the file isn't YAML."""
        return tuple(compose(self.text))

    @cached_property
    def lines(self) -> list[str]:
        """The file's lines."""
        return self.text.splitlines()


class SourceTree:
    """The repository's files, each read and parsed at most once.

    ``beside`` are directories outside of it whose files can be read too: those that stand for sources.
    """

    def __init__(self, root: Path, beside: Sequence[Path] = ()) -> None:
        self.root = root
        self._beside = tuple(beside)
        self._files: dict[str, SourceFile] = {}
        self._real = cache(os.path.realpath)
        self._matching: dict[tuple[str, ...], list[SourceFile]] = {}

    def __getitem__(self, path: str) -> SourceFile:
        if path not in self._files:
            self._files[path] = SourceFile(self.root, path, self._real, self._beside)
        return self._files[path]

    def named_in(self, file: SourceFile, name: str) -> SourceFile:
        """Return the file that another one names, by a path relative to its own directory."""
        return self[normpath(join(dirname(file.path), name))]

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths of all files that are, or would be, committed: what git ignores is left out."""
        return tuple(sorted(_tracked(self.root) or _walked(self.root)))

    def matching(self, patterns: tuple[str, ...]) -> Sequence[SourceFile]:
        """Return the files whose name matches one of the glob patterns."""
        if patterns not in self._matching:
            matches = re.compile("|".join(map(translate, patterns))).match
            self._matching[patterns] = [self[path] for path in self.paths if matches(path.rpartition("/")[2])]
        return self._matching[patterns]


def compose(text: str) -> Iterator[Node]:
    """Yield the root node of each document in ``text``, up to the first that isn't YAML; none if it nests too deep."""
    if is_too_deep(text):
        return
    try:
        loader = LOADER(text)
    except yaml.YAMLError:
        return
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                yield node
    except (yaml.YAMLError, RecursionError):
        return
    finally:
        loader.dispose()


def line_of(node: Node) -> int:
    """Return the line of a node, counted from 1."""
    return int(node.start_mark.line) + 1


def entry(node: Node | None, key: str) -> tuple[Node, Node] | None:
    """Return key and value node of a mapping's entry, None where there is none."""
    if isinstance(node, MappingNode):
        for key_node, value in node.value:
            if isinstance(key_node, ScalarNode) and key_node.value == key:
                return key_node, value
    return None


def child(node: Node | None, *keys: str) -> Node | None:
    """Return the node below ``keys``, None where a mapping on the way doesn't hold the next."""
    for key in keys:
        found = entry(node, key)
        if found is None:
            return None
        node = found[1]
    return node


def scalar(node: Node | None, *keys: str) -> str | None:
    """Return the text of the scalar below ``keys``, None where there is none."""
    found = child(node, *keys)
    return str(found.value) if isinstance(found, ScalarNode) else None


def _lines_as_unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _tracked(root: Path) -> list[str] | None:
    """Return what git has or would add, without what the next commit removes; None where there is no git or repository.

    ``core.fsmonitor`` is the one setting by which listing files could run a program of the repository's.
    """
    if not (root / ".git").exists():
        return None
    command = ["git", "-c", "core.fsmonitor=false", "ls-files", "-z", "-t", "--cached", "--deleted", "--others"]
    try:
        listed = subprocess.run([*command, "--exclude-standard"], cwd=root, capture_output=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    entries = [os.fsdecode(entry) for entry in listed.stdout.split(b"\0") if entry]
    deleted = {entry[2:] for entry in entries if entry.startswith("R ")}
    return sorted({entry[2:] for entry in entries} - deleted)


def _walked(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in (".git", "node_modules", ".venv"))
        for name in files:
            yield (Path(folder) / name).relative_to(root).as_posix()
