"""The hooks of a run that has a repository to test; each hands on to the module whose matter it is."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pytest_gitops.acquisition import load_fleet
from pytest_gitops.bystanders import go_on, pass_by, passed_by
from pytest_gitops.checking import check, plan
from pytest_gitops.collection import collect_file
from pytest_gitops.fixtures import parametrize, with_timelines
from pytest_gitops.items import CheckItem
from pytest_gitops.lasting import spare
from pytest_gitops.publishing import Publisher
from pytest_gitops.reporting import header, live_notes, with_suspension, write_summary
from pytest_gitops.reviewing import affect, compare, review
from pytest_gitops.session import SESSION, GitopsSession, Steps
from pytest_gitops.settings import Settings
from pytest_gitops.sharing import WorkerNode, hand_over
from pytest_gitops.walking import Walk, add_entry_files

PLUGIN_NAME = "gitops-session"


def register(config: pytest.Config, settings: Settings) -> None:
    """Start a session over the repository of these settings."""
    session = config.stash[SESSION] = GitopsSession(config, settings, Steps(load_fleet, compare, check, review, affect))
    if settings.snapshot:
        from pytest_gitops.snapshots.session import SNAPSHOTS, Snapshots  # noqa: PLC0415 (needs syrupy)

        config.stash[SNAPSHOTS] = Snapshots(config, session)
    go_on(config)
    config.pluginmanager.register(Hooks(session), PLUGIN_NAME)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Publisher(config, settings.reports), f"{PLUGIN_NAME}-publisher")
        if settings.graphs or settings.tree:
            from pytest_gitops.drawing import Drawer  # noqa: PLC0415

            config.pluginmanager.register(Drawer(session), f"{PLUGIN_NAME}-drawer")


class Hooks:
    """pytest's hooks, in the order in which a run calls them.

    The first that asks for the fleet loads it; that is after pytest's clock was started.
    """

    def __init__(self, session: GitopsSession) -> None:
        self._session = session
        self._walk: Walk | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: WorkerNode) -> None:
        """Hand the fleet to a worker of pytest-xdist."""
        hand_over(node)

    def pytest_report_header(self, config: pytest.Config) -> str:
        """Say what was found."""
        return header(self._session, config.invocation_params.dir)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Have the fleet collected where the user didn't name what to collect; stop at rules that can't be used.

        Where what builds is listed only, nothing asks for rules: then none is imported either.
        """
        if set(self._session.settings.checks) != {"build"} or not session.config.getoption("collectonly"):
            plan(session.config, self._session.settings, self._session.fleet)
        # Here, where a ref that can't be compared with ends the run, and not each file's collection.
        _ = self._session.compared
        if self._session.settings.snapshot:
            from pytest_gitops.snapshots.session import SNAPSHOTS  # noqa: PLC0415 (needs syrupy)

            session.config.stash[SNAPSHOTS].check_folder()
        add_entry_files(session.config, self._session.files)
        spare(session.config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        """Enter the folders of entry files, pass by those without tests."""
        if self._walk is None:
            self._walk = Walk(config, self._session.root, self._session.files)
        return self._walk.ignore(collection_path)

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.File | None:
        """Collect the files that stand for clusters and overlays."""
        return collect_file(self._session, file_path, parent)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Leave out tests of other programs that can't be imported here."""
        return pass_by(collector, (yield))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave what the change touches, with ``--gitops-changed``."""
        if self._session.settings.changed:
            from pytest_gitops.narrowing import narrow  # noqa: PLC0415 (most runs are of everything)

            narrow(config, self._session, items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Have the garbage collector pass by the items too."""
        spare(session.config)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Parametrise the user's own tests."""
        parametrize(metafunc, self._session.fleet)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Place a skip where the part is declared, not in this plugin's code."""
        report = yield
        if _is_ours(item) and call.when == "call" and isinstance(report.longrepr, tuple):
            path, line, _headline = item.reportinfo()
            report.longrepr = (str(path), (line or 0) + 1, report.longrepr[2])
        with_timelines(item, report)
        return report

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """Say which passing Kustomizations are suspended."""
        return with_suspension(report) if isinstance(report, pytest.TestReport) else None

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was skipped and why."""
        left_out = passed_by(terminalreporter.stats.get("skipped", ()), self._session.root)
        write_summary(terminalreporter, [*self._session.fleet.notes, *left_out, *live_notes(self._session.live)])


def _is_ours(item: pytest.Item) -> bool:
    """Return whether an item is about a part of the fleet: a check, or a snapshot, which is there with syrupy only."""
    return isinstance(item, CheckItem) or hasattr(item, "snapshot_file")
