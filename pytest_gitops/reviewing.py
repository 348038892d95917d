"""Compares a run's fleet with the base of the change, once a run; everything else imports what reviews only then."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_gitops import __version__
from pytest_gitops.acquisition import cache_directory, guarded, load_anew, standby
from pytest_gitops.checking import check_base, schema_judge
from pytest_gitops.model import Fleet
from pytest_gitops.settings import APPLY
from pytest_gitops.sharing import is_served, received

if TYPE_CHECKING:
    from pytest_gitops.checks.results import Results
    from pytest_gitops.review.affecting import Affected
    from pytest_gitops.review.making import Compared
    from pytest_gitops.review.model import Review
    from pytest_gitops.review.remembering import Memory
    from pytest_gitops.settings import Settings


def compare(
    config: pytest.Config, settings: Settings, fleet: Fleet, narrow: Callable[[Fleet], Fleet]
) -> Compared | None:
    """Return what differs between the run's fleet and what it is at ``--gitops-base``.

    ``narrow`` leaves of a fleet the clusters that are looked at. None where there is no base, and in a worker of
    pytest-xdist, whose controller compares. Raises pytest.UsageError where there is nothing to compare with.
    """
    ref = settings.base
    if ref is None or is_served(config):
        return None
    from pytest_gitops.review.making import compare_with_base, with_refusals  # noqa: PLC0415

    standby(config).asked.clear()
    directory = Path(tempfile.mkdtemp(prefix="pytest-gitops-base-"))
    config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    compared = guarded(
        config,
        settings,
        lambda: compare_with_base(
            fleet,
            ref,
            directory,
            lambda repository, configuration: load_anew(config, settings, repository, configuration),
            repo=settings.repo.resolve(),
            besides=cache_directory(config) if settings.cache else None,
            narrow=narrow,
            memory=_memory(config, settings),
        ),
    )
    if not settings.reviews:
        return compared
    return with_refusals(compared, schema_judge(config, settings, fleet))


def _memory(config: pytest.Config, settings: Settings) -> Memory | None:
    """Return what remembers bases, None without a cache, and where the base is looked into as head is."""
    from pytest_gitops.review.remembering import Memory  # noqa: PLC0415

    cache = cache_directory(config) if settings.cache else None
    if cache is None or settings.changed or APPLY in settings.checks:
        return None
    network = settings.network
    context = {
        "version": __version__,
        "engine": settings.engine,
        "sources": [key for key, _ in settings.sources],
        "age_keys": [str(path) for path in settings.age_keys],
        "decrypt": settings.decrypt,
        "kubernetes": settings.kubernetes,
        "network": [network.offline, network.private, sorted(network.hosts or ()), network.refresh, network.strict],
    }
    return Memory(cache, standby(config), context)


def review(
    config: pytest.Config, settings: Settings, compared: Compared | None, results: Callable[[], Results]
) -> Review | None:
    """Return what the change does to every cluster: what pytest-xdist's controller told, where there is one."""
    handed_over: Review | None = received(config, "review")
    if handed_over is not None or compared is None or not settings.reviews:
        return handed_over
    from pytest_gitops.review.making import review_of  # noqa: PLC0415

    return review_of(compared, results(), age_keys=settings.age_keys)


def affect(
    config: pytest.Config, settings: Settings, compared: Compared | None, results: Callable[[], Results]
) -> Affected | None:
    """Return what the change affects, where ``--gitops-changed`` asks for no more: the controller's answer, if any.

    The base is judged as well then: only both verdicts tell exactly what a change of one part means for another.
    """
    handed_over: Affected | None = received(config, "affected")
    if handed_over is not None or compared is None or not settings.changed:
        return handed_over
    from pytest_gitops.review.affecting import Affected, affected  # noqa: PLC0415

    comparison = compared.comparison
    if _configured_elsewhere(config, compared):
        return Affected(everything=True, files=frozenset(path for _, path in compared.change.files))
    if not compared.change.files:
        return Affected()
    before = check_base(config, settings, comparison.head.fleet, comparison.base)
    return affected(compared.change.files, comparison, before, results())


def _configured_elsewhere(config: pytest.Config, compared: Compared) -> bool:
    """Return whether pytest's configuration lies outside of the repository, and is not what it was at the base."""
    file = config.inipath.resolve() if config.inipath is not None else None
    return file is not None and not file.is_relative_to(compared.change.root) and compared.change.differs(file)
