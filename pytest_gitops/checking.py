"""Runs the checks of a run: the rules that ship and the user's own, as settings and configuration choose them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.registry import with_own
from pytest_gitops.checks.rule import Rule
from pytest_gitops.checks.running import Results, run
from pytest_gitops.checks.selection import Selection
from pytest_gitops.model import Fleet
from pytest_gitops.sharing import received

if TYPE_CHECKING:
    from pytest_gitops.settings import Settings


def check(config: pytest.Config, settings: Settings, fleet: Fleet) -> Results:
    """Return what the checks find in the fleet: what pytest-xdist's controller found, where there is one.

    Raises pytest.UsageError where a rule of the user's can't be used.
    """
    handed_over: Results | None = received(config, "results")
    if handed_over is not None:
        return handed_over
    selection = Selection(checks=settings.checks, only=settings.rules)
    return run(FleetIndex(fleet), rules(config), selection)


def rules(config: pytest.Config) -> tuple[Rule, ...]:
    """Return the built-in rules and those of the hook ``pytest_gitops_rules``.

    Raises pytest.UsageError where one is no rule, or has the id of another.
    """
    own = [rule for given in config.hook.pytest_gitops_rules(config=config) for rule in given or ()]
    for rule in own:
        if not isinstance(rule, Rule):
            raise pytest.UsageError(
                f"pytest_gitops_rules: {rule!r} is no rule; decorate it with @pytest_gitops.rule(…)"
            )
    try:
        return with_own(own)
    except ValueError as error:
        raise pytest.UsageError(f"pytest_gitops_rules: {error}") from None
