"""From a directory to a fleet: discover the clusters, follow them as Flux does, render what they don't reach."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from pytest_gitops.configuration import Configuration, read_configuration
from pytest_gitops.decryption import NO_KEYS, find_keys
from pytest_gitops.discovery import (
    Reach,
    broken_entries,
    declarations,
    declared_entries,
    doubtful_entries,
    implied_entries,
    instances,
    name_entries,
)
from pytest_gitops.exceptions import EngineError, RepositoryError
from pytest_gitops.instance_patches import patched
from pytest_gitops.locating import Locator
from pytest_gitops.model import Fleet
from pytest_gitops.network import Network, offline_by_environment
from pytest_gitops.notes import notes_of
from pytest_gitops.overlays import render_overlays, set_aside, unreached_overlays
from pytest_gitops.recursion import (
    ClusterRun,
    Places,
    Shared,
    Surroundings,
    Trees,
    files_read,
    paths_of,
    unread,
    unread_files,
)
from pytest_gitops.rendering import Index, Renderer, RendererUnavailableError, Tree, TreeError, create_renderer
from pytest_gitops.rendering.standby import Standby
from pytest_gitops.rendering.watched import Progress, Watched
from pytest_gitops.repository import Repository, find_repository
from pytest_gitops.rooting import root_of
from pytest_gitops.sifting import without_directory, without_parts
from pytest_gitops.starting import ClusterStart, below, check_names, configured_entries


def load(
    path: str | os.PathLike[str] | Repository = ".",
    *,
    engine: str = "auto",
    configuration: Configuration | None = None,
    sources: Mapping[str, Path] | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
    standby: Standby | None = None,
    network: Network | None = None,
    kubernetes: str = "",
    age_keys: Sequence[Path] = (),
    decrypt: bool = True,
    sops: str | None = None,
) -> Fleet:
    """Load a GitOps repository: all its clusters, rendered as each of them would, and the overlays none reaches.

    ``path`` is its directory, or a Repository where it is known already what Git says of it.
    ``configuration`` is by default what the repository holds; ``sources`` are further directories that stand for
    sources, by ``Kind/namespace/name`` or URL. ``cache_dir`` keeps renders, and what was fetched, between
    runs. ``progress`` is told, after each build or fetch, how many are done and how many are known of; both grow.
    ``standby`` keeps the engine for whoever needs one next. ``network`` says what may be fetched, by default what the
    repository names, from public addresses, or nothing where GITOPS_OFFLINE is set. ``kubernetes`` is the version that
    charts are rendered for in clusters whose configuration names none, by default the newest known. ``age_keys`` are
    files of age keys for what SOPS encrypted, besides those that SOPS finds by itself; without ``decrypt``,
    placeholders stand for all of it. ``sops`` is where that program is, if it may decrypt what no
    age key does.

    Raises RepositoryError, ConfigurationError or EngineError, each of them a GitopsError, where nothing can be
    loaded at all; what is wrong with a single Kustomization is its outcome.
    """
    repository = path if isinstance(path, Repository) else find_repository(path)
    try:
        allowed = network or Network(offline=offline_by_environment())
        with closing(create_renderer(engine, cache=cache_dir, standby=standby, network=allowed)) as created:
            renderer = created if progress is None else Watched(created, progress)
            with ExitStack() as resources:
                loading = _Loading(repository, renderer, resources, allowed)
                loading.kubernetes, loading.strict_sources = kubernetes, allowed.strict
                loading.age_keys, loading.decrypt, loading.sops = age_keys, decrypt, sops
                return loading.run(configuration, sources or {})
    except RendererUnavailableError as error:
        raise EngineError(str(error)) from None


class _Loading:
    """One load: the steps in the order in which data flows."""

    def __init__(self, repository: Repository, renderer: Renderer, resources: ExitStack, network: Network) -> None:
        self._renderer = renderer
        self._resources = resources
        self._network = network
        self.kubernetes = ""
        self.strict_sources = False
        self.age_keys: Sequence[Path] = ()
        self.decrypt = True
        self.sops: str | None = None
        self._look_at(repository)

    def run(self, configuration: Configuration | None, sources: Mapping[str, Path]) -> Fleet:
        config = configuration if configuration is not None else read_configuration(self._repository.root)
        self._pass_by(config)
        tree, index, part = self._scan(config)
        if configuration is None and config.file is None and part:
            config = read_configuration(self._repository.root)
        mapped = {**config.sources, **sources}
        reach = Reach(self._repository, index, declarations(index, config.ignored(index)))
        runs = self._follow_all(reach, index, config, mapped, part)
        read = files_read(reach, runs)
        overlays = unreached_overlays(index, read, config.ignored(index), part)
        return Fleet(
            root=self._repository.root,
            clusters=tuple(run.result() for run in runs),
            overlays=render_overlays(self._renderer, tree, overlays, paths_of(runs)),
            engine=self._renderer.describe(),
            notes=(
                *self._renderer.notes,
                *notes_of(runs, reach, read, set_aside(index, read), unread_files(index, runs, read)),
            ),
        )

    def _look_at(self, repository: Repository) -> None:
        self._repository = repository
        self._trees = self._resources.enter_context(Trees(self._renderer, repository))

    def _pass_by(self, config: Configuration) -> None:
        """Have no part of a cluster found in snapshots: they hold what it renders to, Flux' own objects too."""
        folder = config.snapshots.folder
        if (self._repository.root / folder).is_dir():
            self._look_at(replace(self._repository, hidden=(*self._repository.hidden, f"{folder}/")))

    def _scan(self, config: Configuration) -> tuple[Tree, Index, str]:
        """Scan the repository, or the one around or inside of it where the Kustomizations' paths say so.

        The third is the part of it that the user named, empty for all of it.
        """
        try:
            tree = self._trees.work_tree()
            index = self._renderer.scan(tree)
            given = self._repository.root
            root = root_of(self._repository, declarations(index, config.ignored(index)))
            if root == given:
                return tree, index, ""
            self._look_at(self._repository.at(root))
            self._pass_by(config)
            tree = self._trees.work_tree()
            part = given.relative_to(root).as_posix() if given.is_relative_to(root) else ""
            return tree, self._renderer.scan(tree), part
        except TreeError as error:
            raise RepositoryError(f"{self._repository.root}: {error}") from None

    def _follow_all(
        self, reach: Reach, index: Index, config: Configuration, mapped: Mapping[str, Path], part: str
    ) -> list[ClusterRun]:
        """Follow the clusters that files declare, then those that only show in what the first ones leave unread."""
        keys = find_keys(self.age_keys, config.sops_age) if self.decrypt else NO_KEYS
        if self.decrypt and self.sops:
            keys = replace(keys, program=self.sops, given=True)
        start = ClusterStart(self._repository, index, reach, config, mapped, keys)
        submit = self._renderer.submit
        around = Surroundings(self._trees, Places(index), Shared(submit), submit, self.kubernetes, self.strict_sources)
        locator = Locator(self._repository.root, mapped.values())
        declared = below(part, declared_entries(reach, instances(index, config.ignored(index))))
        entries = name_entries(configured_entries(reach, config, declared), self._repository.name)
        runs = [start.run(patched(entry, self._renderer), around, locator) for entry in entries]
        follow(self._renderer, runs)
        known = len(entries)
        implied = implied_entries(reach, unread(reach, runs), entries)
        implied += broken_entries(unread_files(index, runs, files_read(reach, runs)), [*entries, *implied])
        found = below(part, implied) or ([] if entries else below(part, doubtful_entries(reach)))
        entries = name_entries([*entries, *found], self._repository.name)
        further = [start.run(entry, around, locator) for entry in entries[known:]]
        follow(self._renderer, further)
        again = [start.run(entry, around, locator) for run in further if (entry := without_directory(reach, run))]
        follow(self._renderer, again)
        renewed = {run.settings.name: run for run in again}
        runs += [renewed.get(run.settings.name, run) for run in further]
        check_names(config, entries)
        return sorted(without_parts(reach, runs), key=lambda run: (run.entry.path, run.settings.name))


def follow(renderer: Renderer, runs: Sequence[ClusterRun]) -> None:
    """Render clusters side by side until nothing more comes of it: one loop over everything that finishes."""
    for run in runs:
        run.start()
    while True:
        while renderer.pending:
            done = renderer.next_done()
            done.request.tag(done)
        settled = [run.settle() for run in runs]
        if not any(settled):
            return
