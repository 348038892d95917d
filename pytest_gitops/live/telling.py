"""Shows on the terminal what becomes of a live cluster while it does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from pytest_gitops.model import Moment

Told = Callable[[str, Moment], None]


def live_progress(config: pytest.Config) -> Told | None:
    """Return what tells each thing that becomes Ready, or doesn't.

    With ``-v`` that is a line for each, else one line that is written anew; None with ``-q``, and where there is no
    terminal to do so.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return None
    verbosity = config.get_verbosity()
    if verbosity < 1 and not (verbosity == 0 and reporter.isatty):
        return None
    write = _each(reporter) if verbosity > 0 else _Line(reporter)
    capture = config.pluginmanager.get_plugin("capturemanager")

    def told(cluster: str, moment: Moment) -> None:
        # It happens within a test, whose output pytest captures; the test itself only waits.
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            write(cluster, moment)

    return told


def _each(reporter: Any) -> Told:
    def write(cluster: str, moment: Moment) -> None:
        reporter.ensure_newline()
        reporter.write_line(f"{cluster} {moment}")

    return write


class _Line:
    """One line for each cluster: how many of Flux's objects are Ready, and how many aren't."""

    def __init__(self, reporter: Any) -> None:
        self._reporter = reporter
        self._ready: dict[str, dict[str, bool]] = {}

    def __call__(self, cluster: str, moment: Moment) -> None:
        if cluster not in self._ready:
            self._reporter.ensure_newline()
        states = self._ready.setdefault(cluster, {})
        states[moment.name] = moment.ready == "True"
        ready = sum(states.values())
        told = f"gitops: {cluster}: {ready} ready, {len(states) - ready} not, {moment.seconds:.0f} s "
        self._reporter.rewrite(told, erase=True)
