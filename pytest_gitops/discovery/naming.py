"""Gives clusters names that are short, tell them apart and don't depend on where the repository lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pytest_gitops.discovery.entry import Entry


def name_entries(entries: Sequence[Entry], repository: str) -> list[Entry]:
    """Return the entries with names: a directory's last component, or as many more as tell it from the others.

    An entry at the repository's root is called as the repository is. Names that are set already stay.
    """
    taken = {entry.name for entry in entries if entry.name}
    unnamed = [entry for entry in entries if not entry.name]
    names = {entry.path: _suffix(entry.path, 1) or repository for entry in unnamed}
    for length in range(2, max((entry.path.count("/") + 2 for entry in unnamed), default=2)):
        counts = Counter(names.values())
        for path, name in names.items():
            if counts[name] > 1 or name in taken:
                names[path] = _suffix(path, length) or name
    return _distinct([replace(entry, name=entry.name or names[entry.path]) for entry in entries])


def _suffix(path: str, length: int) -> str:
    return "/".join(path.split("/")[-length:])


def _distinct(entries: list[Entry]) -> list[Entry]:
    """Number what even whole paths don't tell apart: several clusters with one directory."""
    seen: Counter[str] = Counter()
    result = []
    for entry in entries:
        seen[entry.name] += 1
        number = seen[entry.name]
        result.append(entry if number == 1 else replace(entry, name=f"{entry.name}-{number}"))
    return result
