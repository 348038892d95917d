"""What the plugin costs where it has nothing to do, and what it shows where rendering takes long."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from fleet_files import write_files

from pytest_gitops import reporting

HEAVY = ("yaml", "jsonschema", "pytest_gitops.loading", "pytest_gitops.checks", "pytest_gitops.rendering")


def test_a_run_without_a_repository_imports_next_to_nothing(pytester: pytest.Pytester) -> None:
    script = f"""
import sys
import pytest

code = pytest.main(["-q"])
assert code == pytest.ExitCode.OK, code
assert "pytest_gitops.plugin" in sys.modules
assert [name for name in {HEAVY!r} if name in sys.modules] == []
"""
    write_files(pytester.path, {"test_own.py": "def test_own(): pass\n"})
    result = pytester.run(sys.executable, "-c", script)
    assert (result.ret, result.errlines) == (0, [])


class Terminal:
    """The part of pytest's terminal reporter that progress is shown on."""

    def __init__(self, *, isatty: bool = True, verbosity: int = 0) -> None:
        self.isatty = isatty
        self.verbosity = verbosity
        self.written: list[str] = []

    def rewrite(self, line: str, **_markup: bool) -> None:
        self.written.append(line)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still until it is set."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("pytest_gitops.reporting.time.monotonic", lambda: clock.now)
    return clock


def shown(terminal: Terminal | None, clock: SimpleNamespace) -> list[str]:
    """Return what is written by a render of four seconds, and of how many parts it then knows."""
    manager = SimpleNamespace(get_plugin=lambda _name: terminal)
    config: Any = SimpleNamespace(pluginmanager=manager)
    with reporting.Progress(config) as progress:
        for done, second in enumerate((0.5, 0.9, 1.2, 1.25, 4.0), start=1):
            clock.now = 100.0 + second
            progress(done, done + 10)
    return terminal.written if terminal else []


def test_progress_is_shown_from_the_second_second_on_and_wiped(clock: SimpleNamespace) -> None:
    assert shown(Terminal(), clock) == ["gitops: rendering 3/13", "gitops: rendering 5/15", "", ""]


@pytest.mark.parametrize(
    "terminal",
    [Terminal(isatty=False), Terminal(verbosity=-1), None],
    ids=["no-terminal", "quiet", "no-reporter"],
)
def test_progress_is_not_shown(terminal: Terminal | None, clock: SimpleNamespace) -> None:
    assert shown(terminal, clock) == []
