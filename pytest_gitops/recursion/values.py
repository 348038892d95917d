"""Where a value of a HelmRelease is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from pytest_gitops.locating import LOADER, Step
from pytest_gitops.model import Location
from pytest_gitops.nesting import is_too_deep
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.paths import join
from pytest_gitops.recursion.node import Node
from pytest_gitops.recursion.state import State
from pytest_gitops.variables import Reference

VALUES_FILE = "values.yaml"


class ValuePlaces:
    """Finds the file and line of values in one cluster, in the order in which they override each other."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, node: Node, path: Sequence[Step]) -> Location | None:
        """Return the place of a value: in the HelmRelease, in what it takes values from, or in its chart's files."""
        return next(self._places(node, path), None) if path else None

    def _places(self, node: Node, path: Sequence[Step]) -> Iterator[Location]:
        if has(mapping(node.spec, "values"), path):
            yield self._state.failures.line(node, ("spec", "values", *path))
        for entry in reversed(listed(node.spec, "valuesFrom")):
            yield from self._of_reference(node, entry, path)
        yield from self._of_chart(node, path)

    def _of_reference(self, node: Node, entry: Any, path: Sequence[Step]) -> Iterator[Location]:
        target = scalar(entry, "targetPath")
        if target:
            if target == ".".join(str(step) for step in path):
                index = listed(node.spec, "valuesFrom").index(entry)
                yield self._state.failures.line(node, ("spec", "valuesFrom", index))
            return
        reference = Reference(scalar(entry, "kind"), scalar(entry, "name"))
        key = scalar(entry, "valuesKey") or VALUES_FILE
        values = self._state.registry.values(node.scope, node.namespace, reference)
        text = values.known.get(key) if values else None
        if text is None or not has(_loaded(text), path):
            return
        provided = self._state.registry.provider(node.scope, node.namespace, reference)
        file = self._file(provided, text) if provided else None
        if file is not None:
            yield self._state.failures.at(file, path)
        elif provided is not None and provided.location is not None:
            yield provided.location

    def _file(self, provided: Any, text: str) -> str | None:
        """Return the file that a generator made a key of: the one that holds just this text."""
        reads = provided.node.rendered.reads if provided.node and provided.node.rendered else ()
        for file in reads:
            lines = self._state.failures.lines(file)
            if "\n".join(lines).rstrip("\n") == text.rstrip("\n"):
                return str(file)
        return None

    def _of_chart(self, node: Node, path: Sequence[Step]) -> Iterator[Location]:
        chart = getattr(node.inputs, "chart", None)
        if chart is None or chart.archive is not None or chart.place.fetched:
            return
        translate = self._state.trees.translate(chart.place)
        for name in (*reversed(chart.spec.get("valuesFiles") or ()), VALUES_FILE):
            within = join(chart.path, name) if name == VALUES_FILE else str(name)
            location = self._state.failures.at(translate(within), path)
            if location.line is not None:
                yield location


def has(values: Any, path: Sequence[Step]) -> bool:
    """Tell whether values hold a path."""
    for step in path:
        in_list = isinstance(values, list) and isinstance(step, int) and step < len(values)
        if not in_list and not (isinstance(values, dict) and step in values):
            return False
        values = values[step]
    return True


def _loaded(text: str) -> Any:
    try:
        return None if is_too_deep(text) else yaml.load(text, Loader=LOADER)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
