"""What a terminal shows of a live cluster while it becomes ready: a line for each thing, one line, or nothing."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pytest_gitops.live.telling import live_progress
from pytest_gitops.model import Moment

MOMENTS = (
    Moment(1.0, "flux-system/apps", "Unknown", "Progressing", "Reconciliation in progress", ""),
    Moment(2.5, "flux-system/apps", "True", "ReconciliationSucceeded", "Applied revision: 1", "1"),
    Moment(3.0, "HelmRelease/web/web", "False", "InstallFailed", "no", "1"),
)


class Terminal:
    """What pytest's terminal reporter offers, with all that is written to it."""

    def __init__(self, *, isatty: bool = True) -> None:
        self.isatty = isatty
        self.written: list[str] = []

    def ensure_newline(self) -> None:
        self.written.append("")

    def write_line(self, text: str) -> None:
        self.written.append(text)

    def rewrite(self, text: str, *, erase: bool) -> None:
        assert erase
        self.written.append(text)


class Config:
    """A configuration with a terminal and a verbosity."""

    def __init__(self, terminal: Terminal | None, verbosity: int) -> None:
        self.terminal = terminal
        self.verbosity = verbosity
        self.pluginmanager = self

    def get_plugin(self, name: str) -> Terminal | None:
        return self.terminal if name == "terminalreporter" else None

    def get_verbosity(self) -> int:
        return self.verbosity


def told(terminal: Terminal, verbosity: int) -> list[str]:
    tell = live_progress(cast("Any", Config(terminal, verbosity)))
    assert tell is not None
    for moment in MOMENTS:
        tell("staging", moment)
    return terminal.written


def test_a_line_is_written_anew() -> None:
    assert told(Terminal(), 0) == [
        "",
        "gitops: staging: 0 ready, 1 not, 1 s ",
        "gitops: staging: 1 ready, 0 not, 2 s ",
        "gitops: staging: 1 ready, 1 not, 3 s ",
    ]


def test_with_v_each_thing_has_a_line() -> None:
    assert [line for line in told(Terminal(isatty=False), 1) if line] == [
        "staging    1.0 s  flux-system/apps: in progress, Progressing: Reconciliation in progress",
        "staging    2.5 s  flux-system/apps: ready, ReconciliationSucceeded: Applied revision: 1",
        "staging    3.0 s  HelmRelease/web/web: not ready, InstallFailed: no",
    ]


@pytest.mark.parametrize(
    ("terminal", "verbosity"),
    [(Terminal(isatty=False), 0), (Terminal(), -1), (None, 1)],
    ids=["no-tty", "quiet", "none"],
)
def test_nothing_is_told_elsewhere(terminal: Terminal | None, verbosity: int) -> None:
    assert live_progress(cast("Any", Config(terminal, verbosity))) is None
