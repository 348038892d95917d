"""Walking YAML source by the path of a rendered field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pytest_gitops.checks.rule import FieldPath
from pytest_gitops.checks.sources import child, compose, entry, line_of, scalar

# What tells the items of a list apart, as in Kubernetes' own merge keys; the first that an item has counts.
_MERGE_KEYS = ("name", "containerPort", "mountPath", "devicePath", "port", "ip", "topologyKey", "host", "key", "path")


@dataclass(frozen=True, slots=True)
class Place:
    """A node in a file: what a field's path led to, how far, and the line of its key.

    ``depth`` is the number of path elements that were found, ``complete`` whether all were. ``offset`` is what
    ``line`` exceeds the node's own by: for YAML inside of YAML.
    """

    file: str
    node: Node
    line: int
    depth: int
    complete: bool
    offset: int = 0

    @property
    def text(self) -> str | None:
        """The text of a scalar, None for another node."""
        return str(self.node.value) if isinstance(self.node, ScalarNode) else None


def walk(file: str, node: Node, path: FieldPath, rendered: Any, offset: int = 0) -> Place:
    """Return the place of ``path`` below ``node``, or of its nearest parent.

    ``rendered`` is the object that holds ``path`` as rendered: items of lists are found by what tells them apart
    rather than by their position. ``offset`` is added to lines, for YAML inside of YAML.
    """
    line, depth = line_of(node), 0
    for element in path:
        step = _step(node, element, rendered)
        rendered = _below(rendered, element)
        if step is None:
            break
        (line, node), depth = step, depth + 1
    return Place(file, node, line + offset, depth, depth == len(path), offset)


def _step(node: Node, element: str | int, rendered: Any) -> tuple[int, Node] | None:
    if isinstance(element, str):
        found = entry(node, element)
        return (line_of(found[0]), found[1]) if found else None
    if not isinstance(node, SequenceNode):
        return None
    item = _item(node.value, element, rendered if isinstance(rendered, list) else [])
    return (line_of(item), item) if item is not None else None


def _below(value: Any, element: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(str(element))
    if isinstance(value, list) and isinstance(element, int) and 0 <= element < len(value):
        return value[element]
    return None


def _item(items: Sequence[Node], index: int, rendered: Sequence[Any]) -> Node | None:
    """Return the source's item that became the rendered one at ``index``."""
    wanted = _below(list(rendered), index)
    if isinstance(wanted, dict):
        for key in _MERGE_KEYS:
            if key in wanted and not isinstance(wanted[key], dict | list):
                return _same(items, key, str(wanted[key]), index, len(rendered))
    elif wanted is not None:
        found = next((node for node in items if isinstance(node, ScalarNode) and node.value == str(wanted)), None)
        if found is not None:
            return found
    return items[index] if index < len(items) and len(items) in (len(rendered), index + 1) else None


def _same(items: Sequence[Node], key: str, value: str, index: int, length: int) -> Node | None:
    """An item whose key is substituted, or renamed, is still the one at its position in a list of the same length."""
    found = next((node for node in items if scalar(node, key) == value), None)
    if found is None and len(items) == length and index < length:
        return items[index]
    return found


def documents(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield the objects of a file: its documents, and the items of those that are a List."""
    for node in nodes:
        items = child(node, "items")
        if isinstance(items, SequenceNode) and (scalar(node, "kind") or "").endswith("List"):
            yield from (item for item in items.value if isinstance(item, MappingNode))
        elif isinstance(node, MappingNode):
            yield node
        elif isinstance(node, SequenceNode):
            yield from (item for item in node.value if isinstance(item, MappingNode))


def embedded(node: ScalarNode) -> tuple[int, tuple[Node, ...]]:
    """Return the YAML documents inside of a scalar, and what to add to their lines to get the file's.

    A block scalar's text begins on the line after its indicator.
    """
    begin = int(node.start_mark.line) + (1 if node.style in ("|", ">") else 0)
    return begin, tuple(compose(str(node.value)))
