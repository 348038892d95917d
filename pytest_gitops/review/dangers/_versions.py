"""Versions as charts and image tags write them."""

from __future__ import annotations

import re

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?P<rest>[-+].*)?")
Numbers = tuple[int, int, int]


def numbers(version: str) -> Numbers | None:
    """Return major, minor and patch; None for what isn't a version, as a range or a branch's name."""
    found = _VERSION.fullmatch(version.strip())
    return (int(found[1]), int(found[2] or 0), int(found[3] or 0)) if found else None


def suffix(version: str) -> str:
    """Return what follows the numbers, such as ``-alpine``."""
    found = _VERSION.fullmatch(version.strip())
    return (found["rest"] or "") if found else ""
