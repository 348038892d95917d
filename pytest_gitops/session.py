"""One run over one repository: its settings, its fleet, and how files are named to the user."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

import pytest

from pytest_gitops.checks.results import Results
from pytest_gitops.model import Cluster, Fleet, Location, Overlay
from pytest_gitops.settings import Settings

Loader = Callable[[pytest.Config, Settings], Fleet]
Checker = Callable[[pytest.Config, Settings, Fleet], Results]


class GitopsSession:
    """What the hooks and fixtures of one run share; the fleet is loaded when it is first asked for.

    Raises pytest.UsageError where the repository lies outside of pytest's rootdir.
    """

    def __init__(self, config: pytest.Config, settings: Settings, load: Loader, check: Checker) -> None:
        self.settings = settings
        self._config = config
        self._load = load
        self._check = check
        _below(config.rootpath, settings.repo)

    @cached_property
    def fleet(self) -> Fleet:
        """The fleet, without the clusters that ``--gitops-cluster`` leaves out."""
        return select(self._load(self._config, self.settings), self.settings.clusters)

    @cached_property
    def results(self) -> Results:
        """What the checks found, computed once and when it is first asked for."""
        return self._check(self._config, self.settings, self.fleet)

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
