"""Go's durations, as Flux writes them."""

from __future__ import annotations

import re
from functools import lru_cache

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def seconds(text: object) -> float | None:
    """Return the seconds of a duration such as ``1h30m``, None for what is none."""
    return _seconds(text) if isinstance(text, str) else None


@lru_cache(maxsize=1024)
def _seconds(text: str) -> float | None:
    """A repository writes few different durations, many times."""
    if not _WHOLE.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
