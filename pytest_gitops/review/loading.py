"""A review without pytest: for scripts, bots and notebooks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_gitops.checks.registry import built_in
from pytest_gitops.checks.running import run
from pytest_gitops.configuration import Configuration, read_configuration
from pytest_gitops.loading import load
from pytest_gitops.model import Fleet
from pytest_gitops.rendering.standby import Standby
from pytest_gitops.repository import Repository, find_repository
from pytest_gitops.review.judging import CHECK, ReviewJudge
from pytest_gitops.review.making import compare_with_base, review_of, with_refusals
from pytest_gitops.review.model import Review
from pytest_gitops.validation import SchemaJudge


def load_review(
    path: str | os.PathLike[str] = ".",
    *,
    base: str,
    engine: str = "auto",
    sources: Mapping[str, Path] | None = None,
    cache_dir: Path | None = None,
) -> Review:
    """Review what changes in every cluster since ``base``, a branch, tag or commit: as ``--gitops-base`` does.

    Compared are the merge base of ``base`` with HEAD, and the working tree. The review rules are those that the
    repository's configuration turns on. ``sources`` and ``cache_dir`` are those of ``load``.

    Raises RepositoryError where there is nothing to compare with, and what ``load`` raises.
    """
    with closing(Standby()) as standby, TemporaryDirectory(prefix="pytest-gitops-base-") as directory:

        def render(repository: Repository, configuration: Configuration | None = None) -> Fleet:
            return load(
                repository,
                configuration=configuration,
                engine=engine,
                sources=sources,
                cache_dir=cache_dir,
                standby=standby,
            )

        repository = find_repository(path)
        head = render(repository)
        compared = compare_with_base(
            head, base, Path(directory), render, repo=repository.root, besides=cache_dir, narrow=_whole
        )
        configuration = read_configuration(head.root)
        compared = with_refusals(compared, SchemaJudge((), configuration.schemas, cache_dir, standby))
        rules = [rule for rule in built_in() if rule.check == CHECK]
        results = run(compared.comparison.head, rules, configuration.checks, ReviewJudge(compared.comparison))
        return review_of(compared, results)


def _whole(fleet: Fleet) -> Fleet:
    return fleet
