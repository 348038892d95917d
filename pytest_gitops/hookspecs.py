"""The hooks that a conftest.py or another plugin can implement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_gitops.checks.rule import Rule


@pytest.hookspec
def pytest_gitops_rules(config: pytest.Config) -> Iterable[Rule]:  # type: ignore[empty-body]
    """Return rules of your own, each made with ``@pytest_gitops.checks.rule``.

    They run along with the built-in ones, in the items of their check (``policy`` where they name none). It is
    called once, before the first check; a conftest.py at pytest's rootdir is the place for it.
    """
