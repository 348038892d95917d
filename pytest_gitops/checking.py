"""Runs the checks of a run: the rules that ship and the user's own, as settings and configuration choose them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_gitops.acquisition import cache_directory, standby
from pytest_gitops.admission import AdmissionJudge
from pytest_gitops.checks.configuring import problems, unknown
from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.registry import with_own
from pytest_gitops.checks.results import Judge, Results
from pytest_gitops.checks.rule import Rule
from pytest_gitops.checks.running import run
from pytest_gitops.checks.selection import Selection
from pytest_gitops.configuration import read_configuration
from pytest_gitops.decryption_judge import judge_decryption
from pytest_gitops.expressions import ExpressionJudge
from pytest_gitops.model import Fleet
from pytest_gitops.settings import APPLY, RECONCILE
from pytest_gitops.sharing import received
from pytest_gitops.validation import SchemaJudge

if TYPE_CHECKING:
    from pytest_gitops.review.making import Compared
    from pytest_gitops.settings import Settings


def check(config: pytest.Config, settings: Settings, fleet: Fleet, compared: Compared | None) -> Results:
    """Return what the checks find in the fleet: what pytest-xdist's controller found, where there is one.

    With ``compared``, what the change does to the fleet is judged too.

    Raises pytest.UsageError as ``plan`` does.
    """
    handed_over: Results | None = received(config, "results")
    if handed_over is not None:
        return handed_over
    judges = _judges(config, settings, fleet)
    if APPLY in settings.checks:
        judges.append(_apply_judge(settings, compared))
    if RECONCILE in settings.checks:
        judges.append(_reconcile_judge(config, settings, fleet))
    if compared is None:
        return run(FleetIndex(fleet), *plan(config, settings, fleet), *judges)
    from pytest_gitops.review.judging import ReviewJudge  # noqa: PLC0415 (most runs review nothing)

    return run(compared.comparison.head, *plan(config, settings, fleet), *judges, ReviewJudge(compared.comparison))


def check_base(config: pytest.Config, settings: Settings, fleet: Fleet, base: FleetIndex) -> Results:
    """Return what the checks find in the base of the run's fleet, as the same rules judge it."""
    return run(base, *plan(config, settings, fleet), *_judges(config, settings, fleet))


def _judges(config: pytest.Config, settings: Settings, fleet: Fleet) -> list[Judge]:
    return [
        schema_judge(config, settings, fleet),
        AdmissionJudge(standby(config)),
        ExpressionJudge(standby(config)),
        judge_decryption,
    ]


def _apply_judge(settings: Settings, compared: Compared | None) -> Judge:
    """Return what asks an API server about the fleet's objects, and about those of the base before them."""
    from pytest_gitops.live.apply_judge import ApplyJudge  # noqa: PLC0415 (most runs ask none)
    from pytest_gitops.live.providers import provider  # noqa: PLC0415

    return ApplyJudge(provider(settings.live), compared.comparison if compared is not None else None)


def _reconcile_judge(config: pytest.Config, settings: Settings, fleet: Fleet) -> Judge:
    """Return what has Flux's controllers follow the working tree; with ``-v`` the terminal shows them at work."""
    from pytest_gitops.live.providers import provider  # noqa: PLC0415 (most runs start no cluster)
    from pytest_gitops.live.reconcile_judge import ReconcileJudge  # noqa: PLC0415
    from pytest_gitops.live.telling import live_progress  # noqa: PLC0415

    return ReconcileJudge(provider(settings.live), fleet.root, live_progress(config))


def schema_judge(config: pytest.Config, settings: Settings, fleet: Fleet) -> SchemaJudge:
    """Return what validates the fleet's objects."""
    folders = read_configuration(fleet.root).schemas
    return SchemaJudge(
        settings.kubernetes, folders, cache_directory(config) if settings.cache else None, standby(config)
    )


def plan(config: pytest.Config, settings: Settings, fleet: Fleet) -> tuple[tuple[Rule, ...], Selection]:
    """Return the rules there are, and the configuration's selection as the command line narrows it.

    Raises pytest.UsageError where a rule can't be used, or the selection names one that isn't there.
    """
    known = rules(config)
    configured = read_configuration(fleet.root).checks
    wrong = [*problems(configured, known), *unknown(settings.rules, known)]
    if wrong:
        raise pytest.UsageError("\n".join(wrong))
    return known, replace(configured, checks=settings.checks, only=settings.rules, partial=bool(settings.clusters))


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
