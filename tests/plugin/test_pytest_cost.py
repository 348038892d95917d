"""What the plugin costs where it has nothing to do, and what it shows where rendering takes long."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from fleet_files import two_clusters, write_files

from pytest_gitops import reporting
from pytest_gitops.rendering.binary import engine_path

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


def test_modules_are_imported_as_they_are(pytester: pytest.Pytester) -> None:
    """As pytest rewrites those of an installed plugin, here made to by a conftest.py."""
    script = """
import sys
from importlib.machinery import SourceFileLoader

import pytest

code = pytest.main(["-q", "-W", "ignore", "--gitops-repo=.", "--gitops-check=schema"])
assert code == pytest.ExitCode.OK, code
names = [name for name in sys.modules if name.startswith("pytest_gitops.") and name.count(".") > 1]
assert "pytest_gitops.checks.judging" in names
loaders = {type(sys.modules[name].__spec__.loader) for name in names}
assert loaders == {SourceFileLoader}, loaders
"""
    conftest = "import pytest\n\npytest.register_assert_rewrite('pytest_gitops')\n"
    write_files(pytester.path, two_clusters() | {"conftest.py": conftest})
    result = pytester.run(sys.executable, "-c", script)
    assert (result.ret, result.errlines) == (0, [])


def test_a_run_leaves_python_as_it_was(pytester: pytest.Pytester) -> None:
    script = """
import gc
import sys

import pytest

before = [type(finder) for finder in sys.meta_path]
frozen = []


class Look:
    def pytest_runtest_call(self):
        frozen.append(gc.get_freeze_count())


code = pytest.main(["-q", "--gitops-repo=.", "--gitops-check=schema"], plugins=[Look()])
assert code == pytest.ExitCode.OK, code
assert frozen and all(frozen)
assert gc.get_freeze_count() == 0
assert [type(finder) for finder in sys.meta_path] == before
"""
    write_files(pytester.path, two_clusters())
    result = pytester.run(sys.executable, "-c", script)
    assert (result.ret, result.errlines) == (0, [])


@pytest.mark.skipif(os.name != "posix", reason="the engine's stand-in is a shell script")
def test_a_run_starts_one_engine(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """What renders validates too, and ends with the run."""
    log, engine = pytester.path / "starts", pytester.path / "engine"
    engine.write_text(f"#!/bin/sh\necho $$ >> '{log}'\nexec '{engine_path()}'\n", encoding="utf-8")
    engine.chmod(0o700)
    monkeypatch.setenv("PYTEST_GITOPS_ENGINE", str(engine))
    write_files(pytester.path, two_clusters())
    pytester.runpytest_inprocess("-q", "--gitops-repo=.", "--gitops-no-cache", "--gitops-check=schema").assert_outcomes(
        passed=4
    )
    (started,) = log.read_text(encoding="utf-8").split()
    with pytest.raises(ProcessLookupError):
        os.kill(int(started), 0)


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
