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
