"""Which names look like misspellings of one another."""

from __future__ import annotations

import pytest

from pytest_gitops.checks.spelling import misspelt


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("dev-teem", "dev-team"),
        ("settigns", "settings"),
        ("web-credential", "web-credentials"),
        ("postgress-config", "postgres-config"),
    ],
)
def test_a_slip_is_told(name: str, known: str) -> None:
    assert misspelt(name, ["other", known]) == known


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("data-a", "data-b"),
        ("redis-1", "redis-2"),
        ("web-config", "web-secret"),
        ("web", "web-config"),
        ("blue-config", "glue-config"),
        ("settings", "settings"),
        ("node1pool", "node2pool"),
    ],
)
def test_another_name_is_no_slip(name: str, known: str) -> None:
    assert misspelt(name, [known]) is None
