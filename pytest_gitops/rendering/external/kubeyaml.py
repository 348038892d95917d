"""Reads YAML as Flux does, with YAML 1.2's idea of scalars, and no more of it than fits in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from pytest_gitops.nesting import DEEPEST, is_too_deep

MAX_NODES = 2_000_000
_MAX_INTEGRAL = 1e21  # beyond, JSON has an exponent


class UnreadableError(ValueError):
    """A text isn't YAML, or holds more than may be read; ``line`` is counted from 1, None where it can't be told."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  (PyYAML's own)


class _LenientLoader(yaml.SafeLoader):
    """Slower, but takes an anchor that is defined again, as YAML allows and PyYAML doesn't."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if not self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            self.anchors.pop(event.anchor, None)
        return super().compose_node(parent, index)


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("float", r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", "-+."),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("timestamp", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "0123456789"),
    ("merge", r"^<<$", "<"),
):
    for _char in _first:
        _resolver = (f"tag:yaml.org,2002:{_tag}", re.compile(_pattern))
        _Loader.yaml_implicit_resolvers.setdefault(_char, []).append(_resolver)


def _int(loader: Any, node: yaml.ScalarNode) -> int:
    text = node.value.replace("_", "").lower()
    digits = text.lstrip("+-")
    octal = digits.startswith("0") and digits.isdecimal()
    return int(text, 8 if octal else 0)


def _float(loader: Any, node: yaml.ScalarNode) -> float | int:
    """Return a number as JSON has it: one without a fraction is an integer."""
    value: float = loader.construct_yaml_float(node)
    return int(value) if value.is_integer() and abs(value) < _MAX_INTEGRAL else value


def _timestamp(loader: Any, node: yaml.ScalarNode) -> str:
    return f"{node.value}T00:00:00Z"


for _name, _construct in (("int", _int), ("float", _float), ("timestamp", _timestamp)):
    for _class in (_Loader, _LenientLoader):
        _class.add_constructor(f"tag:yaml.org,2002:{_name}", _construct)


def documents(text: str) -> Iterator[tuple[int, Any]]:
    """Yield each document that isn't empty, with the line of its first key; raises UnreadableError where it stops."""
    for node, content in _load(text):
        if content is not None:
            yield node.start_mark.line + 1, content


def item_lines(text: str, field: str) -> list[int]:
    """Return the lines, counted from 1, at which the items of a field of a text's first document begin."""
    for root, _ in _load(text):
        for key, value in root.value:
            if key.value == field:
                return [item.start_mark.line + 1 for item in value.value]
    return []


def _load(text: str) -> list[tuple[yaml.Node, Any]]:
    if is_too_deep(text):
        raise UnreadableError(f"nested deeper than {DEEPEST} levels")
    try:
        try:
            return list(_load_with(_Loader(text)))
        except yaml.composer.ComposerError as error:
            if "duplicate anchor" not in str(error):
                raise
            return list(_load_with(_LenientLoader(text)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise UnreadableError(error.problem or "not YAML", mark.line + 1 if mark else None) from None
    except UnreadableError:
        raise
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise UnreadableError(f"not YAML: {error}") from None


def _load_with(loader: Any) -> Iterator[tuple[yaml.Node, Any]]:
    try:
        while loader.check_node():
            node = loader.get_node()
            if _size(node) > MAX_NODES:
                raise UnreadableError("the document expands too far", node.start_mark.line + 1)
            yield node, loader.construct_document(node)
    finally:
        loader.dispose()


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
