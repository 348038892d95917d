"""What differs between variants of one thing: for each field, which variant has which value."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_gitops.model import JsonObject, ResourceId
from pytest_gitops.snapshots.yaml_text import to_yaml

HEADER = (
    "# What differs between variants of one thing; what all have in common is left out. Made by pytest-gitops:\n"
    "# --snapshot-update writes it anew.\n"
)
ABSENT = "<absent>"
OTHERS = "others"

_MISSING = object()
# What tells the elements of a list apart, where all of them have it.
_NAMES = ("name", "containerPort", "port", "mountPath", "host", "key", "path", "ip")

Values = Mapping[str, Any]
_Key = tuple[str, ...]


def matrix(variants: Mapping[str, Sequence[JsonObject]]) -> str:
    """Return the differences between variants, given each one's objects, as YAML: two documents.

    The first names the variants, the second is by object and field; a table ``{variants: value}`` for each field. Where
    more than half of the variants agree, they are called ``others``.
    """
    labels = sorted(variants)
    objects = {
        title: entry
        for title, found in _aligned(variants).items()
        if (entry := dict(_presence(found, labels)) | dict(_fields(found, labels)))
    }
    return f"{HEADER}---\n{to_yaml({'variants': labels})}---\n{to_yaml(objects)}"


def _aligned(variants: Mapping[str, Sequence[JsonObject]]) -> dict[str, dict[str, JsonObject]]:
    """Return the objects by what they are called in all variants, and by variant.

    The namespace is not looked at where kind and name tell the objects of each variant apart, nor is the variant's own
    name in front of or behind an object's, as ``namePrefix`` and ``nameSuffix`` put it there.
    """
    found = [(label, ResourceId.of(obj), obj) for label, objects in variants.items() for obj in objects]
    shared = Counter(key for _label, key in {(label, _key(id, _bare(id.name, label))) for label, id, _obj in found})
    keyed = [
        (label, id, obj, key if shared[key := _key(id, _bare(id.name, label))] > 1 else _key(id, id.name))
        for label, id, obj in found
    ]
    counts = Counter((label, key) for label, _id, _obj, key in keyed)
    repeated = {key for (_label, key), number in counts.items() if number > 1}
    aligned: dict[_Key, dict[str, JsonObject]] = {}
    for label, id, obj, key in keyed:
        whole = (id.group, id.kind, id.name, id.namespace)
        aligned.setdefault(whole if key in repeated else key, {})[label] = obj
    return dict(_titled(aligned))


def _key(id: ResourceId, name: str) -> _Key:
    return id.group, id.kind, name


def _bare(name: str, label: str) -> str:
    own = label.rpartition("/")[2]
    return name.removeprefix(f"{own}-").removesuffix(f"-{own}")


def _titled(aligned: Mapping[_Key, dict[str, JsonObject]]) -> Iterator[tuple[str, dict[str, JsonObject]]]:
    titles = {key: _title(key, found) for key, found in aligned.items()}
    counts = Counter(titles.values())
    for key in sorted(aligned, key=lambda key: (titles[key], key)):
        yield titles[key] if counts[titles[key]] == 1 else f"{titles[key]} ({'/'.join(key)})", aligned[key]


def _title(key: _Key, found: Mapping[str, JsonObject]) -> str:
    namespaces = {ResourceId.of(obj).namespace for obj in found.values()}
    return "/".join(part for part in (key[1], namespaces.pop() if len(namespaces) == 1 else "", key[2]) if part)


def _presence(found: Mapping[str, JsonObject], labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    absent = [label for label in labels if label not in found]
    if absent and len(absent) < len(found):
        yield "<not in>", ", ".join(absent)
    elif absent:
        yield "<only in>", ", ".join(label for label in labels if label in found)


def _fields(found: Mapping[str, JsonObject], labels: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    having = [label for label in labels if label in found]
    for path, values in _differences("", {label: found[label] for label in having}):
        yield path, _table(values, len(labels))


def _differences(path: str, values: Values) -> Iterator[tuple[str, Values]]:
    """Yield the innermost fields that differ, each with all variants' values."""
    present = list(values.values())
    if all(value == present[0] and type(value) is type(present[0]) for value in present[1:]):
        return
    if all(isinstance(value, dict) for value in present):
        yield from _below(path, values, "{}.{}", "{}[{}]")
    elif all(isinstance(value, list) for value in present):
        keyed = _keyed(values)
        if keyed is None:
            yield path, values
        else:
            yield from _below(path, keyed, "{}[{}]", "{}[{}]")
    else:
        yield path, values


def _below(path: str, values: Values, plain: str, dotted: str) -> Iterator[tuple[str, Values]]:
    for key in dict.fromkeys(key for value in values.values() for key in value):
        form = dotted if "." in key or "/" in key else plain
        yield from _differences(
            form.format(path, key).removeprefix("."),
            {label: value.get(key, _MISSING) for label, value in values.items()},
        )


def _keyed(values: Values) -> dict[str, dict[str, Any]] | None:
    """Return lists as mappings: by what names their elements, or by index where all are equally long."""
    items = [item for value in values.values() for item in value]
    alike = len({len(value) for value in values.values()}) == 1
    for name in _NAMES if all(isinstance(item, dict) for item in items) else ():
        if all(name in item for item in items):
            keyed = {label: {str(item[name]): item for item in value} for label, value in values.items()}
            told = all(len(keyed[label]) == len(value) for label, value in values.items())
            if told and not (alike and not set.intersection(*map(set, keyed.values()))):
                return keyed
    if alike and any(isinstance(item, dict | list) for item in items):
        return {label: {str(index): item for index, item in enumerate(value)} for label, value in values.items()}
    return None


def _table(values: Values, number: int) -> dict[str, Any]:
    """Return the values by the variants that have them; the texts of others as what differs from the commonest."""
    groups: dict[str, list[str]] = {}
    for label, value in values.items():
        groups.setdefault("" if value is _MISSING else json.dumps(value, sort_keys=True), []).append(label)
    commonest = max(groups, key=lambda text: (len(groups[text]), text))
    common = values[groups[commonest][0]]
    table = {}
    for text, labels in groups.items():
        rest = len(labels) * 2 > number and len(values) == number and number > 2  # noqa: PLR2004 (of two, each has a name)
        value = values[labels[0]]
        shown = value if text == commonest else _against(common, value)
        table[OTHERS if rest else ", ".join(labels)] = ABSENT if value is _MISSING else shown
    return table


def _against(common: Any, value: Any) -> Any:
    """Return a value, or, for one of two long texts, the lines that differ."""
    if not (isinstance(common, str) and isinstance(value, str) and "\n" in common and "\n" in value):
        return value
    lines = difflib.unified_diff(common.splitlines(), value.splitlines(), lineterm="", n=0)
    changed = "".join(f"{line}\n" for line in lines if not line.startswith(("---", "+++", "@@")))
    return changed or value
