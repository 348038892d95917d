"""Which rules run, how severe they are, and what is exempted from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from pytest_gitops.checks.rule import CHECKS, Rule
from pytest_gitops.model import Location, Resource, Severity

ANNOTATION = "ignore.pytest-gitops/"
DEFAULT_SETS = ("essential", "recommended")


@dataclass(frozen=True, slots=True)
class Exemption:
    """What is excused from a rule, and why; every field but ``reason`` and ``until`` is a glob pattern.

    ``path`` is compared with the file a finding points at. ``location`` is where the exemption is written.
    """

    rule: str
    reason: str
    cluster: str = "*"
    path: str = "*"
    kind: str = "*"
    namespace: str = "*"
    name: str = "*"
    until: date | None = None
    location: Location | None = None

    def covers(self, rule: str, cluster: str | None, location: Location | None, resource: Resource | None) -> bool:
        """Return whether it excuses a finding of this rule, here; its date is not looked at."""
        file = location.file if location else ""
        found = resource.id if resource else None
        pairs = (
            (rule, self.rule),
            (cluster or "", self.cluster),
            (file, self.path),
            (found.kind if found else "", self.kind),
            (found.namespace if found else "", self.namespace),
            (found.name if found else "", self.name),
        )
        return all(pattern == "*" or fnmatchcase(value, pattern) for value, pattern in pairs)

    def expired(self, today: date) -> bool:
        """Return whether its last day is over."""
        return self.until is not None and self.until < today


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """What the configuration says about one rule; None leaves it as it is."""

    on: bool | None = None
    severity: Severity | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The user's choice of rules: by set, by rule, by check.

    ``only`` are glob patterns of rule ids; where given, just these run, whatever their set. ``partial`` says that
    not all clusters are looked at, so that an exemption may seem unused without being so. ``foreign`` has charts that
    are not in the repository judged as the user's own.
    """

    sets: tuple[str, ...] = DEFAULT_SETS
    checks: tuple[str, ...] = CHECKS
    only: tuple[str, ...] = ()
    rules: Mapping[str, RuleSetting] = field(default_factory=dict)
    exemptions: tuple[Exemption, ...] = ()
    partial: bool = False
    foreign: bool = False

    def of(self, rules: Iterable[Rule]) -> tuple[Rule, ...]:
        """Return the rules that are on, with the severity and parameters they were given."""
        return tuple(self._configured(rule) for rule in rules if self._is_on(rule))

    def _is_on(self, rule: Rule) -> bool:
        if rule.check not in self.checks:
            return False
        if self.only:
            return any(fnmatchcase(rule.id, pattern) for pattern in self.only)
        setting = self.rules.get(rule.id, RuleSetting())
        return setting.on if setting.on is not None else rule.set in (*self.sets, "own")

    def _configured(self, rule: Rule) -> Rule:
        setting = self.rules.get(rule.id, RuleSetting())
        return rule.configured(severity=setting.severity, parameters=setting.parameters)


def annotated(resource: Resource) -> Iterator[Exemption]:
    """Yield the exemptions that an object's annotations ask for: ``ignore.pytest-gitops/<rule>: <reason>``.

    A reason that ends in ``until 2027-01-31`` (or ``(until …)``) holds to that day.
    """
    for key, reason in resource.annotations.items():
        if key.startswith(ANNOTATION):
            rule = key.removeprefix(ANNOTATION)
            yield Exemption(rule=rule, reason=_without_date(str(reason)), until=_end(str(reason)))


_UNTIL = re.compile(r"[;,(]?\s*until (\d{4}-\d{2}-\d{2})\)?\s*$")


def _end(reason: str) -> date | None:
    found = _UNTIL.search(reason)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _without_date(reason: str) -> str:
    return _UNTIL.sub("", reason).strip()
