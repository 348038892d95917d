"""Which rules there are: every module of the check packages declares one or a few."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module

from pytest_gitops.checks.rule import Rule

PACKAGES = (
    "pytest_gitops.checks.graph",
    "pytest_gitops.checks.live",
    "pytest_gitops.checks.policy",
    "pytest_gitops.checks.references",
    "pytest_gitops.checks.schema",
    "pytest_gitops.review.dangers",
)


@cache
def built_in() -> tuple[Rule, ...]:
    """Return the rules that ship with pytest-gitops, by check, set and id.

    Raises ValueError where two rules have one id.
    """
    return tuple(sorted(_distinct(_declared()), key=lambda rule: (rule.check, rule.set, rule.id)))


def with_own(own: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return the built-in rules and the user's; raises ValueError where two have one id."""
    return _distinct((*built_in(), *own))


def _declared() -> Iterator[Rule]:
    for package in PACKAGES:
        home = import_module(package)
        for module in pkgutil.iter_modules(home.__path__):
            if not module.name.startswith("_"):
                values = vars(import_module(f"{home.__name__}.{module.name}")).values()
                yield from (value for value in values if isinstance(value, Rule))


def _distinct(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    found: dict[str, Rule] = {}
    for rule in rules:
        if found.setdefault(rule.id, rule) is not rule:
            raise ValueError(f"two rules are called {rule.id!r}: rename one")
    return tuple(found.values())
