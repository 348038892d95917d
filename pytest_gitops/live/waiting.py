"""Waits for what a cluster does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

SHORTEST = 0.01
LONGEST = 0.2


def until(ask: Callable[[], Value | None], seconds: float) -> Value | None:
    """Return the first answer that is not None and not False, or None once the time is up.

    It asks often at first and then up to five times a second.
    """
    end = time.monotonic() + seconds
    pause = SHORTEST
    while True:
        answer = ask()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() >= end:
            return None
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST)
