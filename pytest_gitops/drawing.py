"""Writes the fleet's graph and shows its trees, in the process that the terminal belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_gitops.graphs import tree
from pytest_gitops.hiding import Hiding
from pytest_gitops.session import GitopsSession


class Drawer:
    """Hooks that draw when the session ends; under pytest-xdist they belong to the controller."""

    def __init__(self, session: GitopsSession) -> None:
        self._session = session
        self._unwritten: list[str] = []

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
        """Write the graphs, unless the run was refused; one that can't be written makes the run a failed one."""
        if exitstatus in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
            return
        for graph in self._session.settings.graphs:
            try:
                graph.write(self._session.fleet)
            except OSError as error:
                self._unwritten.append(f"the graph {graph.path} can't be written: {error.strerror}")
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any, exitstatus: int | pytest.ExitCode) -> None:
        """Show the trees, and say which graph isn't there."""
        if self._session.settings.tree and exitstatus != pytest.ExitCode.INTERNAL_ERROR:
            terminalreporter.section("gitops tree")
            hiding = Hiding.of(self._session.fleet)
            for cluster in self._session.fleet.clusters:
                for line in tree(cluster, everything=terminalreporter.verbosity > 0).splitlines():
                    terminalreporter.line(hiding(line))
        for problem in self._unwritten:
            terminalreporter.line(f"gitops: {problem}", red=True)
