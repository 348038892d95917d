"""Tells how a snapshot differs from what is there now: line by line, below the object that the lines belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

CONTEXT = 2
_LONGEST = 200
_KEYS = re.compile(r"^(?:  )?(kind|name|namespace): (.+)$")


def difference(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Yield lines with what they are: ``-`` was there, ``+`` is there now, a blank for context, ``@`` for a title.

    Long differences are cut off, with a last line that says so.
    """
    lines = list(_lines(before.splitlines(), after.splitlines()))
    yield from lines[:_LONGEST]
    if len(lines) > _LONGEST:
        yield "@", f"… and {len(lines) - _LONGEST} more lines"


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, str]]:
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT):
        changed = next(code for code in group if code[0] != "equal")
        lines, index = (after, changed[3]) if changed[0] == "insert" else (before, changed[1])
        yield "@", _title(lines, index)
        for tag, start, end, first, last in group:
            if tag == "equal":
                yield from ((" ", line) for line in before[start:end])
            else:
                yield from (("-", line) for line in before[start:end])
                yield from (("+", line) for line in after[first:last])


def _title(lines: Sequence[str], index: int) -> str:
    """Return ``Kind/namespace/name`` of the document that a line belongs to."""
    index = min(index + (index < len(lines) and lines[index] == "---"), len(lines) - 1)
    start = next((number for number in range(index, -1, -1) if lines[number] == "---"), 0)
    found: dict[str, str] = {}
    for line in lines[start + 1 : start + 12]:
        if (match := _KEYS.match(line)) and line != "---":
            found.setdefault(match[1], match[2])
    return "/".join(found[key] for key in ("kind", "namespace", "name") if key in found) or "…"
