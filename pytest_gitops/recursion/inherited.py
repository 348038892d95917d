"""Finds what the patches of a parent Kustomization have put into a Flux object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from pytest_gitops.locating import LOADER, Step, line_within
from pytest_gitops.nesting import is_too_deep
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.patterns import targets
from pytest_gitops.recursion.node import Node


@dataclass(frozen=True, slots=True)
class Inherited:
    """A field of a Flux object that an ancestor's patch set: the ancestor, its own field, and the line of its text."""

    node: Node
    field: str
    text_line: int


def inherited(node: Node, path: Sequence[Step], text_line: int | None = None) -> Inherited | None:
    """Return the patch of the parent that set a field, the last one that did; None where no patch holds it.

    ``path`` begins at the object's root. ``text_line`` is a line (from 1) of the field's own text.
    """
    parent = node.parent
    patches = listed(parent.spec, "patches") if parent is not None else []
    for index in reversed(range(len(patches))):
        text = scalar(patches[index], "patch")
        if parent is not None and text and targets(mapping(patches[index], "target"), node.object):
            line = _line(text, path, text_line)
            if line is not None:
                return Inherited(parent, f"spec.patches[{index}].patch", line)
    return None


def _line(text: str, path: Sequence[Step], text_line: int | None) -> int | None:
    if is_too_deep(text):
        return None
    try:
        document = yaml.compose(text, Loader=LOADER)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    if not isinstance(document, yaml.SequenceNode):
        return line_within(document, path, text_line)
    found = (_of_operation(operation, path, text_line) for operation in reversed(document.value))
    return next((line for line in found if line is not None), None)


def _of_operation(operation: yaml.Node, path: Sequence[Step], text_line: int | None) -> int | None:
    """Return the line of the value that an operation of a JSON patch sets, where it is about a field."""
    parts = {key.value: value for key, value in operation.value} if isinstance(operation, yaml.MappingNode) else {}
    pointer, value = parts.get("path"), parts.get("value")
    if not isinstance(pointer, yaml.ScalarNode) or value is None:
        return None
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.value.split("/")[1:]]
    # What `-` appends has an index of its own by now.
    if len(steps) > len(path) or any(a not in (str(b), "-") for a, b in zip(steps, path, strict=False)):
        return None
    rest = path[len(steps) :]
    within = line_within(value, rest, text_line)
    return within if within is not None or rest else int(value.start_mark.line) + 1
