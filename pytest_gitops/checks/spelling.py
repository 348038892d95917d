"""Names that look like misspellings of one another."""

from __future__ import annotations

from collections.abc import Iterable

_SHORTEST_WORD = 4
_MOST_EDITS = 2


def misspelt(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a name is a likely misspelling of, None where there is none.

    One of the words between the dashes differs by a letter or two, and not in its first letter or in a digit:
    `dev-teem` is meant to be `dev-team`, but `data-a` is not meant to be `data-b`, nor `redis-1` to be `redis-2`.
    """
    return next((other for other in sorted(known) if _is_slip(name, other)), None)


def _is_slip(name: str, other: str) -> bool:
    words, others = name.split("-"), other.split("-")
    if name == other or len(words) != len(others):
        return False
    different = [(a, b) for a, b in zip(words, others, strict=True) if a != b]
    return len(different) == 1 and _is_word_slip(*different[0])


def _is_word_slip(word: str, other: str) -> bool:
    if min(len(word), len(other)) < _SHORTEST_WORD or word[0] != other[0]:
        return False
    if [c for c in word if c.isdigit()] != [c for c in other if c.isdigit()]:
        return False
    most = 1 if min(len(word), len(other)) < _SHORTEST_WORD + 2 else _MOST_EDITS
    return abs(len(word) - len(other)) <= most and _distance(word, other) <= most


def _distance(word: str, other: str) -> int:
    """Return the number of letters to insert, remove, replace or swap with the next (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        last, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
