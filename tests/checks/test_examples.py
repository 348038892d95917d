"""Every rule judges its own examples as it says."""

from __future__ import annotations

import pytest

from pytest_gitops.checks.examples import violations
from pytest_gitops.checks.registry import built_in
from pytest_gitops.checks.rule import Rule

RULES = [rule for rule in built_in() if rule.function is not None]
PASSING = [pytest.param(rule, text, id=f"{rule.id}-{n}") for rule in RULES for n, text in enumerate(rule.passing)]
FAILING = [pytest.param(rule, text, id=f"{rule.id}-{n}") for rule in RULES for n, text in enumerate(rule.failing)]


@pytest.mark.parametrize(("rule", "text"), PASSING)
def test_a_passing_example_passes(rule: Rule, text: str) -> None:
    assert violations(rule, text) == []


@pytest.mark.parametrize(("rule", "text"), FAILING)
def test_a_failing_example_fails_once(rule: Rule, text: str) -> None:
    assert len(violations(rule, text)) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_examples_of_both_kinds_and_says_what_to_do(rule: Rule) -> None:
    assert rule.passing
    assert rule.failing
    assert rule.remedy
    assert rule.source.startswith("https://")
