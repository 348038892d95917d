"""Objects as YAML for people, and the unified diff of two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import unified_diff
from typing import Any

import yaml

from pytest_gitops.model import JsonObject

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_FIRST = ("apiVersion", "kind", "metadata", "type", "spec", "data")
_FIRST_OF_METADATA = ("name", "namespace", "labels", "annotations")
_CONTEXT = 3
# Where more lines than these differ, they are told as gone and come: to match them takes quadratic time.
_MOST_MATCHED = 4000


class _Dumper(_DUMPER):  # type: ignore[misc]
    """Writes texts of several lines as blocks, and nothing as an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        """Return True: an alias is no object of Kubernetes'."""
        return True


def _text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(obj: JsonObject) -> str:
    """Return an object as YAML: what names it first, all other keys sorted, lines never folded."""
    ordered = _ordered(obj, _FIRST)
    if isinstance(obj.get("metadata"), dict):
        ordered["metadata"] = _ordered(obj["metadata"], _FIRST_OF_METADATA)
    text: str = yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 20)
    return text


def _ordered(value: Mapping[str, Any], first: Sequence[str] = ()) -> JsonObject:
    keys = [key for key in first if key in value] + sorted((key for key in value if key not in first), key=str)
    return {key: _sorted(value[key]) for key in keys}


def _sorted(value: Any) -> Any:
    """Return a value with the keys of its mappings sorted, a name in front, for it says what an entry is."""
    if isinstance(value, dict):
        return _ordered(value, ("name",))
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def unified(before: JsonObject | None, after: JsonObject | None) -> str:
    """Return the unified diff of two objects as YAML, three lines of context, without the headers of files."""
    old = as_yaml(before).splitlines() if before else []
    new = as_yaml(after).splitlines() if after else []
    if not old or not new:
        lines = [f"@@ -{_span(old)} +{_span(new)} @@", *(f"-{line}" for line in old), *(f"+{line}" for line in new)]
    else:
        lines = _hunks(old, new)
    return "\n".join(lines) + "\n" if lines else ""


def _span(lines: Sequence[str]) -> str:
    return f"1,{len(lines)}" if lines else "0,0"


def _hunks(old: list[str], new: list[str]) -> list[str]:
    """Return the hunks; only what lies between the first and the last difference is matched line by line."""
    shortest = min(len(old), len(new))
    start = next((number for number in range(shortest) if old[number] != new[number]), shortest)
    end = next((n for n in range(shortest - start) if old[-1 - n] != new[-1 - n]), shortest - start)
    head, tail = max(0, start - _CONTEXT), max(0, end - _CONTEXT)
    left, right = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(left), len(right)) > _MOST_MATCHED:
        lead, rest = left[: start - head], end - tail
        body = [
            *(f" {line}" for line in lead),
            *(f"-{line}" for line in left[len(lead) : len(left) - rest]),
            *(f"+{line}" for line in right[len(lead) : len(right) - rest]),
            *(f" {line}" for line in left[len(left) - rest :]),
        ]
        return [f"@@ -{head + 1},{len(left)} +{head + 1},{len(right)} @@", *body]
    lines = list(unified_diff(left, right, lineterm="", n=_CONTEXT))[2:]
    return [_shifted(line, head) if line.startswith("@@") else line for line in lines]


def _shifted(hunk: str, by: int) -> str:
    """Return the head of a hunk with its lines counted from the whole texts' beginning."""
    if not by:
        return hunk
    marks = [f"{mark[0]}{_moved(mark[1:], by)}" for mark in hunk.split()[1:3]]
    return f"@@ {' '.join(marks)} @@"


def _moved(span: str, by: int) -> str:
    line, comma, length = span.partition(",")
    return f"{int(line) + by}{comma}{length}"
