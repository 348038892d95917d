"""Work that several parts of a fleet need, done once: what is fetched, and what is learnt of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from pytest_gitops.rendering import Done, Request

Tag = Callable[[Done], None]
UNDER_WAY = object()


class Shared:
    """Answers by key, each worked out once in a load, whoever asks first."""

    def __init__(self, submit: Callable[[Request], None]) -> None:
        self._submit = submit
        self._answers: dict[Hashable, Any] = {}
        self._asking: dict[Hashable, list[Callable[[], None]]] = {}

    def ask(self, key: Hashable, request: Callable[[Tag], Request], then: Callable[[], None]) -> Any:
        """Return an answer or a RenderError, else UNDER_WAY: ``then`` is called when it is there.

        ``request`` makes the request the first time. Raises what that raises.
        """
        if key in self._answers:
            return self._answers[key]
        if key in self._asking:
            self._asking[key].append(then)
        else:
            made = request(lambda done: self._take(key, done))
            self._asking[key] = [then]
            self._submit(made)
        return UNDER_WAY

    def _take(self, key: Hashable, done: Done) -> None:
        self._answers[key] = done.outcome
        for then in self._asking.pop(key):
            then()
