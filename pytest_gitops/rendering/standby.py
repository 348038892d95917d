"""Keeps an engine that somebody is done with for whoever needs one next: starting one takes a while."""

from __future__ import annotations

from typing import Any

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering.process import LineProcess


class Standby:
    """A place for one engine that has answered all it was asked, and may not use the network.

    ``fetched`` are the answers of engines that do, by what they were asked: who loads another revision of a repository
    is to get the same artifacts, whatever the servers have by then. ``asked`` is what was asked since it was cleared.
    """

    def __init__(self) -> None:
        self.fetched: dict[bytes, Any] = {}
        self.asked: set[bytes] = set()
        self._process: LineProcess | None = None
        self._hello: JsonObject | None = None

    def put(self, process: LineProcess, hello: JsonObject | None = None) -> None:
        """Keep an engine, with its first line where that is known; one that was kept before is ended."""
        self.close()
        self._process = process
        self._hello = hello or self._hello

    def take_known(self) -> tuple[LineProcess, JsonObject] | None:
        """Return the engine with the first line that the run's engines begin with, and keep it no longer."""
        process = self.take() if self._hello is not None else None
        return None if process is None or self._hello is None else (process, self._hello)

    def take(self) -> LineProcess | None:
        """Return the engine and keep it no longer; None where there is none that still runs."""
        process, self._process = self._process, None
        return process if process is not None and process.usable else None

    def close(self) -> None:
        """End the engine, where there is one."""
        if process := self.take():
            process.end()
