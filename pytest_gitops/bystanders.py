"""Python tests that lie in the repository, have nothing to do with the fleet, and can't be imported here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_gitops.reporting import shortened

# How a test module, or a conftest.py, that is about the fleet reads.
_ABOUT_THE_FLEET = re.compile(
    r"gitops_|pytest_gitops|mark\.gitops"
    r"|def \w+\([^)]*\b(cluster|fleet|helm_release|kustomization|live_clusters?|rendered|resource)\b"
)
_REASON = "could not import: "


def go_on(config: pytest.Config) -> None:
    """Have the fleet tested whatever becomes of Python files that no argument names: these interrupt nothing.

    Source: pytest's own ``--continue-on-collection-errors``.
    """
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.option.continue_on_collection_errors = True


def pass_by(collector: pytest.Collector, report: pytest.CollectReport) -> pytest.CollectReport:
    """Return a report of a module that needs what isn't installed as a skip, any other as it is.

    A repository holds tests of other programs too, whose requirements are no matter of whoever tests the fleet. They
    are left to themselves where nobody asked for Python tests: neither by an argument, nor by a configuration of
    pytest's. What is about the fleet is never among them.
    """
    if report.failed and _nobody_asked(collector.config) and (missing := _missing(report)):
        file = collector.path / "conftest.py" if collector.path.is_dir() else collector.path
        if not _is_about_the_fleet(file):
            report.outcome = "skipped"
            report.longrepr = (str(file), 1, f"Skipped: {_REASON}{missing}")
    return report


def passed_by(reports: Sequence[Any], root: Path) -> Iterator[str]:
    """Yield a note of the modules that were left out."""
    left = {
        Path(report.longrepr[0]): report.longrepr[2].partition(_REASON)[2]
        for report in reports
        if isinstance(report, pytest.CollectReport) and isinstance(report.longrepr, tuple)
        if _REASON in report.longrepr[2]
    }
    if left:
        named = [f"{path.relative_to(root) if path.is_relative_to(root) else path} ({left[path]})" for path in left]
        yield f"Python tests left out, which need what is not installed here: {shortened(named)}"


def _nobody_asked(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.INVOCATION_DIR and config.inipath is None


def _missing(report: pytest.CollectReport) -> str | None:
    """Return what Python says of the module that it doesn't find, None where an import failed otherwise."""
    call: pytest.CallInfo[Any] | None = getattr(report, "call", None)
    error: BaseException | None = call.excinfo.value if call is not None and call.excinfo is not None else None
    while error is not None:
        if isinstance(error, ModuleNotFoundError):
            return str(error)
        error = error.__cause__ or error.__context__
    return None


def _is_about_the_fleet(file: Path) -> bool:
    try:
        return _ABOUT_THE_FLEET.search(file.read_text(encoding="utf-8", errors="replace")) is not None
    except OSError:
        return True
