"""From an object out of a chart to what the user can change: a value, a template, or the HelmRelease itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from pytest_gitops.checks.context import ClusterIndex, is_unknown
from pytest_gitops.checks.rule import FieldPath
from pytest_gitops.checks.sources import SourceFile
from pytest_gitops.model import HelmRelease, Location, Resource
from pytest_gitops.nesting import loaded

# Texts this short are found in many values by chance; where the key is the same too, it is no chance.
_TELLING = 4
_VALUES_FILE = "values.yaml"


@dataclass(frozen=True, slots=True)
class Value:
    """A value that the user gave a chart: its path, and the ConfigMap's key it is in (None: ``spec.values``)."""

    path: FieldPath
    reference: tuple[str, str] | None = None


def given_value(cluster: ClusterIndex, resource: Resource, path: FieldPath, release: HelmRelease) -> Value | None:
    """Return the value that a field of a chart's object is made from: the user's only one that is the same.

    A field of the same name is preferred. None where no value, or none for certain, led there.
    """
    leaf = _leaf(resource.object, path)
    if leaf is None or isinstance(leaf, bool) or is_unknown(leaf):
        return None
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    same = [value for value in _given(cluster, release) if str(value[1]) == str(leaf) and value[1] != ""]
    named = [value for value, _ in same if _is_named(value.path, key)]
    if named:
        return named[0] if len(named) == 1 else None
    if len(str(leaf)) < _TELLING or not isinstance(leaf, str):
        return None
    return same[0][0] if len(same) == 1 else None


def template_line(file: SourceFile, resource: Resource, path: FieldPath) -> int:
    """Return the line of a template that a field comes from: the only one that names its key, else the object's."""
    for step in (*reversed(path), "kind"):
        if not isinstance(step, str):
            continue
        pattern = re.compile(rf"^\s*(?:- )?{re.escape(step)}:\s*{re.escape(resource.kind) if step == 'kind' else ''}")
        lines = [number for number, line in enumerate(file.lines, start=1) if pattern.match(line)]
        if len(lines) == 1:
            return lines[0]
    return 1


def line_within(lines: Sequence[str], resource: Resource, path: FieldPath) -> int | None:
    """Return the line (from 1) of a text of templates that a field comes from, or its nearest parent.

    Of several documents it is the one of the object's kind, None where there are more of those.
    """
    starts = [0, *(number for number, line in enumerate(lines, start=1) if line.strip() == "---")]
    ends = [*starts[1:], len(lines)]
    kind = re.compile(rf"^\s*kind:\s*[\"']?{re.escape(resource.kind)}[\"']?\s*$")
    own = [(start, end) for start, end in zip(starts, ends, strict=True) if any(map(kind.match, lines[start:end]))]
    if len(own) != 1:
        return None
    begin, end = own[0]
    found = next(number for number in range(begin, end) if kind.match(lines[number]))
    depth = -1
    for step in path:
        below = _below(lines, begin, end, depth) if isinstance(step, str) else ()
        named = next((number for number in below if lines[number].lstrip(" -").startswith(f"{step}:")), None)
        if named is not None:
            found, begin, depth = named, named + 1, _depth(lines[named])
        elif isinstance(step, str):
            break
    return found + 1


def _below(lines: Sequence[str], begin: int, end: int, depth: int) -> Iterator[int]:
    """Yield the lines that are deeper than a parent, up to one that isn't; expressions may stand anywhere."""
    for number in range(begin, end):
        line = lines[number].strip()
        if line and not line.startswith("<<") and _depth(lines[number]) <= depth:
            return
        yield number


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" -"))


def line_of(file: SourceFile, path: FieldPath) -> int | None:
    """Return the line of a field of a file's first document."""
    node: Any = next(iter(file.documents), None)
    line = None
    for step in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        found = next(((key, value) for key, value in pairs if key.value == str(step)), None)
        if found is not None:
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            return None
    return line


def values_text(cluster: ClusterIndex, release: HelmRelease, reference: tuple[str, str]) -> str | None:
    """Return the text of a ConfigMap's key that a HelmRelease takes values from; None for any other object."""
    owned = cluster.targets[""].get("ConfigMap", release.id.namespace, reference[0])
    text = (owned.resource.get("data") or {}).get(reference[1]) if owned else None
    return text if isinstance(text, str) else None


def file_of(cluster: ClusterIndex, release: HelmRelease, reference: tuple[str, str]) -> Location | None:
    """Return the file that a generator made such a key of, else where the ConfigMap comes from."""
    owned = cluster.targets[""].get("ConfigMap", release.id.namespace, reference[0])
    if owned is None:
        return None
    text = values_text(cluster, release, reference)
    for path in owned.owner.rendered.reads if owned.owner.rendered else ():
        if text is not None and cluster.fleet.files[path].text.rstrip("\n") == text.rstrip("\n"):
            return Location(path)
    return None


def _given(cluster: ClusterIndex, release: HelmRelease) -> Iterator[tuple[Value, Any]]:
    for path, leaf in _leaves(release.spec.get("values"), ()):
        yield Value(path), leaf
    entries = release.spec.get("valuesFrom")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or entry.get("kind") != "ConfigMap" or entry.get("targetPath"):
            continue
        reference = (str(entry.get("name")), str(entry.get("valuesKey") or _VALUES_FILE))
        for path, leaf in _leaves(loaded(values_text(cluster, release, reference) or ""), ()):
            yield Value(path, reference), leaf


def _leaves(values: Any, path: FieldPath) -> Iterator[tuple[FieldPath, Any]]:
    if isinstance(values, dict):
        for key, value in values.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from _leaves(value, (*path, index))
    elif values is not None:
        yield path, values


def _leaf(value: Any, path: FieldPath) -> str | int | float | None:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value if isinstance(value, str | int | float) else None


def _is_named(path: FieldPath, key: str) -> bool:
    last = next((step for step in reversed(path) if isinstance(step, str)), "")
    return bool(key) and last.lower() == key.lower()
