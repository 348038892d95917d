"""From the configuration's ``checks`` to a selection, and from a selection to what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from pytest_gitops.checks.rule import Rule
from pytest_gitops.checks.selection import DEFAULT_SETS, Exemption, RuleSetting, Selection
from pytest_gitops.exceptions import ConfigurationError
from pytest_gitops.model import Location, Severity

Locate = Callable[[Sequence[str | int]], Location]

# YAML 1.1 reads ``on`` and ``off`` as booleans.
_SWITCHES = {"on": True, "off": False, True: True, False: False}


def selection(checks: Mapping[str, Any], locate: Locate) -> Selection:
    """Return what a valid ``checks`` of the configuration chooses; ``locate`` gives the place of a field of it.

    Raises ConfigurationError where ``until`` is no date.
    """
    return Selection(
        sets=tuple(checks.get("sets") or DEFAULT_SETS) if "sets" in checks else DEFAULT_SETS,
        rules={id: _setting(value, locate(["rules", id])) for id, value in (checks.get("rules") or {}).items()},
        exemptions=tuple(_exemptions(checks.get("exemptions") or (), locate)),
        foreign=checks.get("fetched-charts") is True,
    )


def _setting(value: Any, location: Location) -> RuleSetting:
    if not isinstance(value, dict):
        return _switched(value, {}, location)
    parameters = {name: given for name, given in value.items() if name != "severity"}
    return _switched(value.get("severity", "on"), parameters, location)


def _switched(value: Any, parameters: Mapping[str, Any], location: Location) -> RuleSetting:
    if value in _SWITCHES:
        return RuleSetting(on=_SWITCHES[value], parameters=parameters, location=location)
    return RuleSetting(on=True, severity=Severity(value), parameters=parameters, location=location)


def _exemptions(given: Sequence[Mapping[str, Any]], locate: Locate) -> Iterator[Exemption]:
    for index, entry in enumerate(given):
        patterns = {name: str(value) for name, value in entry.items() if name != "until"}
        until = _date(entry.get("until"), locate(["exemptions", index, "until"]))
        yield Exemption(**patterns, until=until, location=locate(["exemptions", index]))


def _date(value: Any, location: Location) -> date | None:
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ConfigurationError(f"{location}: until: {value!r} is no date; write it as 2027-01-31") from None


def problems(chosen: Selection, rules: Iterable[Rule]) -> Iterator[str]:
    """Yield what a selection says of rules and parameters that don't exist, with place and nearest valid name."""
    known = {rule.id: rule for rule in rules}
    for id, setting in chosen.rules.items():
        if id not in known:
            yield f"{setting.location}: checks.rules: there is no rule {id!r}; {_hint(id, known)}"
            continue
        for name in setting.parameters:
            if name not in known[id].parameters:
                yield f"{setting.location}: rule {id} has no parameter {name!r}; {_hint(name, known[id].parameters)}"
    for exemption in chosen.exemptions:
        if not any(fnmatchcase(id, exemption.rule) for id in known):
            yield f"{exemption.location}: there is no rule {exemption.rule!r}; {_hint(exemption.rule, known)}"


def unknown(patterns: Iterable[str], rules: Iterable[Rule]) -> Iterator[str]:
    """Yield what is wrong with patterns of ``--gitops-rule`` that match no rule."""
    known = [rule.id for rule in rules]
    for pattern in patterns:
        if not any(fnmatchcase(id, pattern) for id in known):
            yield f"--gitops-rule: no rule matches {pattern!r}; {_hint(pattern, known)}"


def _hint(name: str, valid: Iterable[str]) -> str:
    names = sorted(valid)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"valid are {', '.join(names)}" if names else "it has none"
