"""One run over one repository: its settings, its fleet, and how files are named to the user."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_gitops.checks.results import Item, Results
from pytest_gitops.model import Cluster, Fleet, LiveRun, Location, Overlay
from pytest_gitops.settings import REVIEW, Settings

if TYPE_CHECKING:
    from pytest_gitops.review.affecting import Affected
    from pytest_gitops.review.making import Compared
    from pytest_gitops.review.model import Review


@dataclass(frozen=True, slots=True)
class Steps:
    """How a run gets what it is about; each step takes what the ones before gave.

    ``compare`` takes what leaves of a fleet the clusters that are looked at.
    """

    load: Callable[[pytest.Config, Settings], Fleet]
    compare: Callable[[pytest.Config, Settings, Fleet, Callable[[Fleet], Fleet]], Compared | None]
    check: Callable[[pytest.Config, Settings, Fleet, Compared | None], Results]
    review: Callable[[pytest.Config, Settings, Compared | None, Callable[[], Results]], Review | None]
    affect: Callable[[pytest.Config, Settings, Compared | None, Callable[[], Results]], Affected | None]


class GitopsSession:
    """What the hooks and fixtures of one run share; the fleet is loaded when it is first asked for.

    Raises pytest.UsageError where the repository lies outside of pytest's rootdir.
    """

    def __init__(self, config: pytest.Config, settings: Settings, steps: Steps) -> None:
        self.settings = settings
        self._config = config
        self._steps = steps
        _below(config.rootpath, settings.repo)

    @cached_property
    def fleet(self) -> Fleet:
        """The fleet, without the clusters that ``--gitops-cluster`` leaves out."""
        return select(self._steps.load(self._config, self.settings), self.settings.clusters)

    @cached_property
    def results(self) -> Results:
        """What the checks found, computed once and when it is first asked for."""
        return self._steps.check(self._config, self.settings, self.fleet, self.compared)

    @property
    def live(self) -> tuple[LiveRun, ...]:
        """The live clusters that checks were made in so far; none is started for this."""
        results: Results | None = self.__dict__.get("results")
        return results.live if results is not None else ()

    @cached_property
    def compared(self) -> Compared | None:
        """What differs from the base; None without one, and in pytest-xdist's workers, whose controller compares."""
        return self._steps.compare(self._config, self.settings, self.fleet, self._narrow)

    @cached_property
    def review(self) -> Review | None:
        """What the change since ``--gitops-base`` does to every cluster, None where no change is reviewed."""
        return self._steps.review(self._config, self.settings, self.compared, lambda: self.results)

    @cached_property
    def affected(self) -> Affected | None:
        """What the change since ``--gitops-base`` affects, None where everything is asked for."""
        return self._steps.affect(self._config, self.settings, self.compared, lambda: self.results)

    @cached_property
    def reviewed(self) -> frozenset[Item]:
        """The items that review something: parts of head that change, and clusters that lose some or are told of."""
        if self.review is None:
            return frozenset()
        told = {item for f in self.results.findings for item in self.results.items(f) if item.check == REVIEW}
        there = {cluster.name: {part.name for part in cluster.parts} for cluster in self.fleet.clusters}
        for cluster in self.review.clusters:
            names = there.get(cluster.name)
            if names is None:
                told |= {Item(REVIEW, first) for first in list(there)[:1]}
            else:
                told |= {Item(REVIEW, cluster.name, p.name if p.name in names else None) for p in cluster.parts}
        return frozenset(told)

    def _narrow(self, base: Fleet) -> Fleet:
        """Return the base's clusters that ``--gitops-cluster`` names; a glob that matches none there is no mistake."""
        globs = self.settings.clusters
        chosen = tuple(c for c in base.clusters if any(fnmatchcase(c.name, glob) for glob in globs))
        return replace(base, clusters=chosen, overlays=()) if globs else base

    @cached_property
    def root(self) -> Path:
        """The repository's root, as a path below pytest's rootdir as that is written."""
        return _below(self._config.rootpath, self.fleet.root)

    @cached_property
    def files(self) -> dict[Path, list[Cluster | Overlay]]:
        """The files that stand for clusters and overlays, each with those that it stands for."""
        files: dict[Path, list[Cluster | Overlay]] = {}
        parts: tuple[Cluster | Overlay, ...] = (*self.fleet.clusters, *self.fleet.overlays)
        for part in parts:
            files.setdefault(self.path(part.file), []).append(part)
        return files

    def path(self, file: str) -> Path:
        """Return the absolute path of a file of the repository."""
        return self.root / file

    def where(self, location: Location) -> str:
        """Return a location relative to the directory pytest was started in, so that a terminal can open it."""
        return str(replace(location, file=self._prefix + location.file))

    @cached_property
    def _prefix(self) -> str:
        relative = os.path.relpath(self.root, self._config.invocation_params.dir).replace(os.sep, "/")
        return "" if relative == "." else f"{relative}/"


SESSION = pytest.StashKey[GitopsSession]()


def select(fleet: Fleet, globs: tuple[str, ...]) -> Fleet:
    """Return the fleet with the clusters that match one of the globs; all of it where there are no globs.

    Raises pytest.UsageError, naming the clusters, where a glob matches none.
    """
    if not globs:
        return fleet
    names = [cluster.name for cluster in fleet.clusters]
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in names):
            raise pytest.UsageError(f"--gitops-cluster: no cluster matches {glob!r}; there are: {', '.join(names)}")
    chosen = tuple(c for c in fleet.clusters if any(fnmatchcase(c.name, glob) for glob in globs))
    return replace(fleet, clusters=chosen, overlays=())


def _below(rootdir: Path, repo: Path) -> Path:
    """Return the repository's path as one below rootdir, whichever symbolic links either was reached by."""
    if repo.is_relative_to(rootdir):
        return repo
    if repo.resolve().is_relative_to(rootdir.resolve()):
        return rootdir / repo.resolve().relative_to(rootdir.resolve())
    raise pytest.UsageError(
        f"the GitOps repository {repo} lies outside of pytest's rootdir {rootdir}, so its tests would have no "
        f"stable ids: run pytest in {repo}, or give --rootdir={os.path.commonpath([rootdir, repo])}"
    )
