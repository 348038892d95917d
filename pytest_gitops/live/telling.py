"""Shows on the terminal what becomes of a live cluster while it does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest

from pytest_gitops.model import Moment


def live_progress(config: pytest.Config) -> Callable[[str, Moment], None] | None:
    """Return what writes a line for each thing that becomes Ready, or doesn't; None without ``-v``."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or config.get_verbosity() < 1:
        return None

    capture = config.pluginmanager.get_plugin("capturemanager")

    def told(cluster: str, moment: Moment) -> None:
        # It happens within a test, whose output pytest captures; the test itself only waits.
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            reporter.ensure_newline()
            reporter.write_line(f"{cluster} {moment}")

    return told
