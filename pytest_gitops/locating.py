"""Finds the line of a field in a YAML file, so that a finding points at what has to change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from pytest_gitops.nesting import is_too_deep

Step = str | int
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_SIZE = 4 * 1024 * 1024


class Locator:
    """Finds lines in the files below a root; each file is read and composed at most once.

    Files that can't be read, are larger than 4 MiB or lie outside of the root have no lines; ``beside`` are further
    directories that files may lie in, such as those of sibling repositories.
    """

    def __init__(self, root: Path, beside: Iterable[Path] = ()) -> None:
        self._root = root
        self._allowed = [directory.resolve() for directory in (root, *beside)]
        self._read: dict[str, tuple[str, ...]] = {}
        self._composed: dict[str, tuple[yaml.Node, ...]] = {}

    def field(self, file: str, line: int | None, path: Sequence[Step], text_line: int | None = None) -> int | None:
        """Return the line (from 1) of a field of the document that starts at ``line``, as near as the file tells.

        ``path`` are keys and list indices from the document's root. Where the document lacks the field (a patch
        set it), the line of its longest existing part; where the file can't be read as YAML, ``line``. ``text_line``
        asks for a line (from 1) of the field's own text, which only a literal block (``|``) has lines of its own for.
        """
        node = self._document(file, line)
        found = line
        for step in path if node is not None else ():
            child = _child(node, step)
            if child is None:
                return found
            node, found = child
        return _line_of_text(node, text_line) or found

    def holds(self, file: str, line: int | None, path: Sequence[Step]) -> bool:
        """Tell whether the document that starts at ``line`` has a field; so does one that can't be read as YAML."""
        node = self._document(file, line)
        return node is None or line_within(node, path) is not None

    def exactly(self, file: str, path: Sequence[Step]) -> int | None:
        """Return the line (from 1) of a field of a file's first document, None where it has no such field."""
        return line_within(self._document(file, None), path)

    def variable(self, file: str, name: str, start: int = 1) -> int | None:
        """Return the first line (from 1) at or after ``start`` that expands a variable: ``${NAME…``."""
        expansion = re.compile(r"\$\{" + re.escape(name) + r"(?![A-Za-z0-9_])")
        numbered = enumerate(self.lines(file), start=1)
        return next((number for number, text in numbered if number >= start and expansion.search(text)), None)

    def lines(self, file: str) -> tuple[str, ...]:
        """Return a file's lines, none where it can't be read."""
        if file not in self._read:
            self._read[file] = _lines(self._root / file, self._allowed)
        return self._read[file]

    def _document(self, file: str, line: int | None) -> yaml.Node | None:
        if file not in self._composed:
            self._composed[file] = tuple(_compose(self.lines(file)))
        documents = self._composed[file]
        started = [node for node in documents if line is not None and node.start_mark.line < line]
        return started[-1] if started else next(iter(documents), None)


def line_in(text: str, path: Sequence[Step]) -> int | None:
    """Return the line (from 1) of a field of a YAML text's first document, None where it has no such field."""
    return line_within(next(iter(_compose(text.split("\n"))), None), path)


def steps(field: str) -> tuple[Step, ...]:
    """Split a field such as ``spec.patches[0].path`` into keys and indices."""
    parts = re.findall(r"[^.\[\]]+", field)
    return tuple(int(part) if part.isdigit() else part for part in parts)


def line_within(node: yaml.Node | None, path: Sequence[Step], text_line: int | None = None) -> int | None:
    """Return the line (from 1) of a field below a node, None where there is no such field or ``path`` is empty.

    ``text_line`` asks for a line (from 1) of the field's own text, as ``Locator.field`` does.
    """
    found = None
    for step in path:
        child = _child(node, step)
        if child is None:
            return None
        node, found = child
    return _line_of_text(node, text_line) or found


def _line_of_text(node: yaml.Node | None, text_line: int | None) -> int | None:
    if text_line and isinstance(node, yaml.ScalarNode) and node.style == "|":
        return int(node.start_mark.line) + 1 + text_line
    return None


def _child(node: yaml.Node | None, step: Step) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(step):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 1
    return None


def _compose(lines: Sequence[str]) -> Iterable[yaml.Node]:
    """Yield the documents up to the first that isn't YAML; composing expands no alias, so a bomb costs nothing."""
    text = "\n".join(lines)
    try:
        for node in yaml.compose_all(text, Loader=LOADER) if not is_too_deep(text) else ():
            if node is not None:
                yield node
    except (yaml.YAMLError, RecursionError, ValueError):
        return


def _lines(file: Path, allowed: Sequence[Path]) -> tuple[str, ...]:
    try:
        real = file.resolve()
        if file.stat().st_size > MAX_SIZE or not any(real.is_relative_to(directory) for directory in allowed):
            return ()
        return tuple(file.read_text(encoding="utf-8-sig", errors="replace").split("\n"))
    except OSError:
        return ()
