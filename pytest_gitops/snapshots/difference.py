"""Tells how a snapshot differs from what is there now: line by line, below the object that the lines belong to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

CONTEXT = 2
_LONGEST = 200
_LARGEST = 5000
_KEYS = re.compile(r"^(?:  )?(kind|name|namespace): (.+)$")
_ENTRY = re.compile(r"^(\S.*):$")

Line = tuple[str, str]
_Title = tuple[str, int]


def difference(before: str, after: str) -> Iterator[Line]:
    """Yield lines with what they are: ``-`` was there, ``+`` is there now, a blank for context, ``@`` for a title.

    Documents are compared with those of the same object. Long differences are cut off, with a last line that says so.
    """
    lines = list(_lines(_documents(before), _documents(after)))
    yield from lines[:_LONGEST]
    if len(lines) > _LONGEST:
        yield "@", f"… and {len(lines) - _LONGEST} more lines"


def _documents(text: str) -> dict[_Title, list[str]]:
    """Return the lines of each document by its title, and which of the documents with that title it is."""
    found: dict[_Title, list[str]] = {}
    seen: Counter[str] = Counter()
    for document in f"\n{text}".split("\n---\n"):
        lines = document.strip("\n").split("\n")
        title = _title(lines)
        seen[title] += 1
        found[title, seen[title]] = lines
    return found


def _title(lines: Sequence[str]) -> str:
    """Return ``Kind/namespace/name`` of a document, empty where it is no object."""
    keys: dict[str, str] = {}
    for line in lines[:6]:
        if match := _KEYS.match(line):
            keys.setdefault(match[1], match[2])
    return "/".join(keys[key] for key in ("kind", "namespace", "name") if key in keys)


def _lines(before: Mapping[_Title, list[str]], after: Mapping[_Title, list[str]]) -> Iterator[Line]:
    for title in sorted({*before, *after}):
        told = title[0] if title[1] == 1 or not title[0] else f"{title[0]} #{title[1]}"
        if title not in after:
            yield from _whole("-", told, before[title])
        elif title not in before:
            yield from _whole("+", told, after[title])
        elif before[title] != after[title]:
            yield from _changed(told, before[title], after[title])


def _whole(kind: str, title: str, lines: Sequence[str]) -> Iterator[Line]:
    yield "@", f"{title or '…'} ({'is new' if kind == '+' else 'is gone'})"
    yield from ((kind, line) for line in lines)


def _changed(title: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    # Lines that are everywhere are what makes long texts slow to compare; in short ones they are worth to be aligned.
    matcher = SequenceMatcher(None, before, after, autojunk=len(before) + len(after) > _LARGEST)
    for group in matcher.get_grouped_opcodes(CONTEXT):
        yield "@", title or _entry(before, group[-1][2])
        for tag, start, end, first, last in group:
            if tag == "equal":
                yield from ((" ", line) for line in before[start:end])
            else:
                yield from (("-", line) for line in before[start:end])
                yield from (("+", line) for line in after[first:last])


def _entry(lines: Sequence[str], end: int) -> str:
    """Return the last top-level key before a line: what the lines of a document without kind belong to."""
    found = (match[1] for line in reversed(lines[:end]) if (match := _ENTRY.match(line)))
    return next(found, "…")
