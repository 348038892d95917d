"""Checks: rules that look at what a fleet renders to, and say what would break or is unwise."""

from pytest_gitops.checks.context import ClusterIndex, Context, FleetIndex, Owned, is_unknown
from pytest_gitops.checks.registry import built_in, with_own
from pytest_gitops.checks.results import Hit, Item, Results
from pytest_gitops.checks.rule import CHECKS, SETS, FieldPath, Rule, Scope, Violation, rule
from pytest_gitops.checks.running import run
from pytest_gitops.checks.selection import Exemption, RuleSetting, Selection

__all__ = [
    "CHECKS",
    "SETS",
    "ClusterIndex",
    "Context",
    "Exemption",
    "FieldPath",
    "FleetIndex",
    "Hit",
    "Item",
    "Owned",
    "Results",
    "Rule",
    "RuleSetting",
    "Scope",
    "Selection",
    "Violation",
    "built_in",
    "is_unknown",
    "rule",
    "run",
    "with_own",
]
