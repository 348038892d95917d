"""Reads YAML as Kubernetes' tools do: YAML 1.2's scalars with 1.1's booleans, and no more than fits in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

MAX_NODES = 2_000_000
_MAX_DEPTH = 500
_BRACKETS = re.compile(r"[\[\]{}]")
_COMPACT = re.compile(rf"(?:[-?:] +){{{_MAX_DEPTH}}}")
_INDENTED = re.compile(rf"^ {{{2 * _MAX_DEPTH}}}", re.MULTILINE)


class UnreadableError(ValueError):
    """A text isn't YAML, or holds more than may be read; ``line`` is counted from 1, None where it can't be told."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  (PyYAML's own)


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$", "tTfFyYnNoO"),
    ("int", r"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("float", r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", "-+."),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def documents(text: str) -> Iterator[tuple[int, Any]]:
    """Yield each document that isn't empty, with the line of its first key; raises UnreadableError where it stops."""
    _check_depth(text)
    try:
        loader = _Loader(text)
        try:
            while loader.check_node():
                node = loader.get_node()
                if _size(node) > MAX_NODES:
                    raise UnreadableError("the document expands too far", node.start_mark.line + 1)
                document = loader.construct_document(node)
                if document is not None:
                    yield node.start_mark.line + 1, document
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise UnreadableError(error.problem or "not YAML", mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(f"not YAML: {error}") from None


def _check_depth(text: str) -> None:
    """Refuse what nests so deep that libyaml's recursion would end the process."""
    depth = deepest = 0
    if text.count("[") + text.count("{") > _MAX_DEPTH:
        for bracket in _BRACKETS.findall(text):
            depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
            deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH or _COMPACT.search(text) or _INDENTED.search(text):
        raise UnreadableError(f"nested deeper than {_MAX_DEPTH} levels")


def _size(root: yaml.Node) -> int:
    """Return how many nodes a document has once its aliases are written out."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if id(node) in sizes:
            return sizes[id(node)]
        sizes[id(node)] = MAX_NODES + 1  # what an alias within itself sees
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            children = [child for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        sizes[id(node)] = 1 + sum(size(child) for child in children)
        return sizes[id(node)]

    return size(root)


def item_lines(text: str, field: str) -> list[int]:
    """Return the lines, counted from 1, at which the items of a field of a readable document begin."""
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
    finally:
        loader.dispose()
    for key, value in root.value:
        if key.value == field:
            return [item.start_mark.line + 1 for item in value.value]
    return []
