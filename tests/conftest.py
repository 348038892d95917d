"""What all tests share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
# The packages of the hermetic cluster, whose programs ``packages/build.py`` builds in place.
sys.path[:0] = [str(Path(__file__).parents[1] / "packages" / name) for name in ("control-plane", "flux")]


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no test fetch anything that it doesn't serve itself."""
    monkeypatch.setenv("GITOPS_OFFLINE", "1")


@pytest.fixture(autouse=True)
def _nobody_s_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no run of pytest within a test take itself for a worker of this one, as syrupy does by these variables."""
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
