"""Where a value of a HelmRelease is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_gitops.locating import Step, line_in
from pytest_gitops.model import Location
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.paths import join
from pytest_gitops.recursion.node import Node
from pytest_gitops.recursion.registry import Provided
from pytest_gitops.recursion.state import State
from pytest_gitops.rendering import RenderError
from pytest_gitops.variables import Reference

VALUES_FILE = "values.yaml"
_ENTRY = re.compile(r"spec\.valuesFrom\[(\d+)\]")
_LINE = re.compile(r"yaml: line (\d+)")


class ValuePlaces:
    """Finds the file and line of values in one cluster, in the order in which they override each other."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, node: Node, path: Sequence[Step]) -> Location | None:
        """Return the place of a value: in the HelmRelease, in what it takes values from, or in its chart's files."""
        return next(self._places(node, path), None) if path else None

    def of_error(self, node: Node, error: RenderError, path: Sequence[Step]) -> Location | None:
        """Return the place of a value that an error is about, or of the line of a values file that is no YAML."""
        index, line = _ENTRY.match(error.field or ""), _LINE.search(error.message)
        if index is None or line is None:
            return self.of(node, path)
        found = self._text(node, listed(node.spec, "valuesFrom")[int(index[1])])
        return found.at(int(line[1])) if found else None

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
        found = self._text(node, entry)
        line = line_in(found.text, path) if found else None
        if found is not None and line is not None and (location := found.at(line)):
            yield location

    def _text(self, node: Node, entry: Any) -> _Text | None:
        """Return the text that an entry of ``spec.valuesFrom`` leads to; None where Git doesn't have it."""
        reference = Reference(scalar(entry, "kind"), scalar(entry, "name"))
        key = scalar(entry, "valuesKey") or VALUES_FILE
        values = self._state.registry.values(node.scope, node.namespace, reference)
        provided = self._state.registry.provider(node.scope, node.namespace, reference)
        text = values.known.get(key) if values else None
        return None if text is None or provided is None else _Text(self._state, provided, key, text)

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


@dataclass(frozen=True, slots=True)
class _Text:
    """The values under a key of a ConfigMap or Secret."""

    state: State
    provided: Provided
    key: str
    text: str

    def at(self, line: int) -> Location | None:
        """Return where a line (from 1) of the text is written: in the file that it was made from, or in the object."""
        file = self._file()
        if file is not None:
            return Location(file, line)
        field = "stringData" if "stringData" in self.provided.object else "data"
        return self.state.failures.in_text(self.provided.location, (field, self.key), line)

    def _file(self) -> str | None:
        """Return the file that a generator made the key of: the one that holds just this text."""
        node = self.provided.node
        for file in node.rendered.reads if node and node.rendered else ():
            lines = self.state.failures.lines(file)
            if "\n".join(lines).rstrip("\n") == self.text.rstrip("\n"):
                return str(file)
        return None


def has(values: Any, path: Sequence[Step]) -> bool:
    """Tell whether values hold a path."""
    for step in path:
        in_list = isinstance(values, list) and isinstance(step, int) and step < len(values)
        if not in_list and not (isinstance(values, dict) and step in values):
            return False
        values = values[step]
    return True
