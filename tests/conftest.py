"""What all tests share."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no test fetch anything that it doesn't serve itself."""
    monkeypatch.setenv("GITOPS_OFFLINE", "1")
