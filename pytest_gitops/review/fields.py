"""Which fields of two objects differ: lists are compared entry by entry, as their keys or contents pair them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from pytest_gitops.review.model import FieldChange

Path = tuple[str | int, ...]
# What names the entries of Kubernetes' lists, the most usual first.
_KEYS = ("name", "key", "id", "mountPath", "devicePath", "topologyKey", "ip", "host", "type", "containerPort", "port")
# Beyond this many entries a list without keys is one field: to pair its entries takes quadratic time.
_MOST_PAIRED = 2000
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: its path (an index is the new side's, the old one's where there is none), and both values."""

    path: Path
    before: Any = _MISSING
    after: Any = _MISSING

    def change(self) -> FieldChange:
        """Return it as a review tells it, with values as JSON."""
        return FieldChange(self.path, _json(self.before), _json(self.after))


def differing(before: Any, after: Any, path: Path = ()) -> Iterator[Difference]:
    """Yield the innermost fields that differ, in the order in which the new side has them."""
    if before == after and _kinds(before) == _kinds(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _mappings(before, after, path)
    elif isinstance(before, list) and isinstance(after, list) and max(len(before), len(after)) <= _MOST_PAIRED:
        yield from _lists(before, after, path)
    else:
        yield Difference(path, before, after)


def _kinds(value: Any) -> Any:
    """Return what tells values that Python takes for equal: true is not 1 to an API server."""
    if isinstance(value, dict):
        return {key: _kinds(item) for key, item in value.items()}
    return [_kinds(item) for item in value] if isinstance(value, list) else isinstance(value, bool)


def _mappings(before: dict[str, Any], after: dict[str, Any], path: Path) -> Iterator[Difference]:
    for key in (*after, *(key for key in before if key not in after)):
        where = (*path, key)
        if key not in before:
            yield Difference(where, after=after[key])
        elif key not in after:
            yield Difference(where, before=before[key])
        else:
            yield from differing(before[key], after[key], where)


def _lists(before: list[Any], after: list[Any], path: Path) -> Iterator[Difference]:
    for old, new in _paired(before, after):
        if old is None and new is not None:
            yield Difference((*path, new), after=after[new])
        elif new is None and old is not None:
            yield Difference((*path, old), before=before[old])
        elif old is not None and new is not None:
            yield from differing(before[old], after[new], (*path, new))


def _paired(before: Sequence[Any], after: Sequence[Any]) -> Iterator[tuple[int | None, int | None]]:
    """Yield which entries belong together: by their key, else those between equal ones in their order."""
    key = next((key for key in _KEYS if _names(before, key) and _names(after, key)), None)
    if key is not None:
        yield from _by_key([entry[key] for entry in before], [entry[key] for entry in after])
        return
    texts, new_texts = [str(_json(entry)) for entry in before], [str(_json(entry)) for entry in after]
    matcher = SequenceMatcher(None, texts, new_texts, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            for number in range(max(end - start, new_end - new_start)):
                old, new = start + number, new_start + number
                yield old if old < end else None, new if new < new_end else None


def _by_key(before: list[Any], after: list[Any]) -> Iterator[tuple[int | None, int | None]]:
    places = {name: index for index, name in enumerate(before)}
    yield from ((places.get(name), index) for index, name in enumerate(after))
    kept = set(after)
    yield from ((index, None) for index, name in enumerate(before) if name not in kept)


def _names(entries: Sequence[Any], key: str) -> bool:
    """Tell whether a key names every entry of a list, each otherwise."""
    values = [entry.get(key) for entry in entries if isinstance(entry, dict)]
    plain = all(isinstance(value, str | int) for value in values)
    return len(values) == len(entries) and plain and len(set(values)) == len(values)


def _json(value: Any) -> str | None:
    if value is _MISSING:
        return None
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(", ", ": "))
