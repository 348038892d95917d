"""Regular expressions that a repository gives, in bounded time.

kustomize, Flux and SOPS take Go's, which take time that grows with the text alone; Python's may take for ever.
"""

from __future__ import annotations

import re

from pytest_gitops.model import JsonObject
from pytest_gitops.objects import name_of, scalar

_MOST_STEPS = 20_000_000
_LONGEST = 4_000
_ESCAPED = re.compile(r"\\[^0-9]")
_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
_GROUP = re.compile(r"\(\?[:P]")


def fits(pattern: str, text: str, *, otherwise: bool, anywhere: bool = False) -> bool:
    """Tell whether a pattern matches all of a text, or with ``anywhere`` a part of it.

    Returns ``otherwise`` where the pattern is none, or where Python might take too long to tell.
    """
    if _steps(pattern, len(text), anywhere=anywhere) > _MOST_STEPS:
        return otherwise
    try:
        return (re.search if anywhere else re.fullmatch)(pattern, text) is not None
    except (re.error, OverflowError):
        return otherwise


def targets(target: JsonObject, obj: JsonObject) -> bool:
    """Tell whether a patch's target has an object's kind and name: kustomize anchors patterns at both ends."""
    pairs = ((scalar(target, "kind"), scalar(obj, "kind")), (scalar(target, "name"), name_of(obj)))
    return all(not pattern or fits(pattern, text, otherwise=False) for pattern, text in pairs)


def _steps(pattern: str, length: int, *, anywhere: bool) -> float:
    """Return how many steps a match may take at the most: each repetition tries all lengths, each choice doubles."""
    bare = _CLASS.sub("x", _ESCAPED.sub("x", pattern))
    plain = _GROUP.sub("(", bare)
    if len(pattern) > _LONGEST or "\\" in bare or "(?" in plain or re.search(r"\)\s*[*+{]", plain):
        return float("inf")
    depth = repetitions = choices = 0
    for char in plain:
        depth += (char == "(") - (char == ")")
        repetitions += char in "*+{"
        choices += char == "?" or (char == "|" and depth > 0)
    return float(max(length, 2)) ** min(repetitions + anywhere, 100) * 2.0 ** min(choices, 100)
