"""The two kinds of globs that source-watcher knows, and what they match among a tree's paths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache

MAGIC = frozenset("*?[]")
# Each alternative multiplies what there is to try.
MOST_ALTERNATIVES = 256
_BRACES = re.compile(r"\{([^{}]*)\}")


def is_glob(path: str) -> bool:
    """Tell whether a path holds a character of globs."""
    return not MAGIC.isdisjoint(path)


def matching(pattern: str, paths: Iterable[str], *, deep: bool) -> list[str]:
    """Return the paths that a glob matches, sorted.

    With ``deep``, ``**`` stands for any number of directories and ``{a,b}`` for either; else it is Go's ``path.Match``,
    where ``**`` is no more than ``*``. Raises ValueError where the glob has too many alternatives.
    """
    patterns = _alternatives(pattern) if deep else (pattern,)
    return sorted(path for path in paths if any(_matches(one, path, deep=deep) for one in patterns))


def excluded(path: str, base: str, patterns: Iterable[str]) -> bool:
    """Tell whether a path is excluded: by its own text, by what is left below ``base``, or by its name alone.

    Raises ValueError where a glob has too many alternatives.
    """
    below = path[len(base) + 1 :] if base and path.startswith(f"{base}/") else path
    name = path.rpartition("/")[2]
    for pattern in (one for several in patterns for one in _alternatives(several)):
        named = "/" not in pattern and _matches(pattern, name, deep=True)
        if named or _matches(pattern, path, deep=True) or _matches(pattern, below, deep=True):
            return True
    return False


def selected(pattern: str) -> str:
    """Return the directories of a glob that come before the first part that is one."""
    parts: list[str] = []
    for part in pattern.strip("/").split("/"):
        if is_glob(part):
            break
        parts.append(part)
    return "/".join(parts)


@cache
def _alternatives(pattern: str) -> tuple[str, ...]:
    todo, done = [pattern], []
    while todo:
        text = todo.pop()
        found = _BRACES.search(text)
        if found is None:
            done.append(text)
        else:
            todo += [text[: found.start()] + one + text[found.end() :] for one in found[1].split(",")]
        if len(todo) + len(done) > MOST_ALTERNATIVES:
            raise ValueError(f"{pattern!r} has more than {MOST_ALTERNATIVES} alternatives")
    return tuple(sorted(done))


def _matches(pattern: str, path: str, *, deep: bool) -> bool:
    """Match part by part; ``reached`` are the parts of the pattern that may come next."""
    parts = pattern.split("/")
    reached = _without_any(parts, {0}) if deep else {0}
    for part in path.split("/"):
        following: set[int] = set()
        for at in reached:
            if at < len(parts) and deep and parts[at] == "**":
                following |= {at, at + 1}
            elif at < len(parts) and fnmatchcase(part, _python(parts[at])):
                following.add(at + 1)
        reached = _without_any(parts, following) if deep else following
    return len(parts) in reached


def _without_any(parts: list[str], reached: set[int]) -> set[int]:
    """Add what comes next where ``**`` stands for no directory at all."""
    result = set(reached)
    for start in reached:
        at = start
        while at < len(parts) and parts[at] == "**":
            at += 1
            result.add(at)
    return result


@cache
def _python(part: str) -> str:
    """Return a part of a glob as Python's fnmatch reads it."""
    return re.sub(r"\\(.)", lambda escaped: f"[{escaped[1]}]", part).replace("[^", "[!")
