"""The snapshots of one run: which there are, what they say, and which files may be touched."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import pytest

from pytest_gitops.configuration import read_configuration
from pytest_gitops.model import Cluster, Failed, Location, Outcome, Overlay, Part, Skipped
from pytest_gitops.redaction import PLAIN, ClusterSecrets, Redactor, Secrecy
from pytest_gitops.session import GitopsSession
from pytest_gitops.snapshots.files import SUFFIX, Plan, applier
from pytest_gitops.snapshots.items import NAME, SnapshotSubject, Stray
from pytest_gitops.snapshots.manifest import Normaliser, is_random, objects_of
from pytest_gitops.snapshots.matrix import matrix
from pytest_gitops.snapshots.options import SnapshotOptions
from pytest_gitops.snapshots.variants import Variant, Variants, find_variants

# What the first line of each snapshot has held from the first version on.
_MARK = "Made by pytest-gitops:"


class Snapshots:
    """What the items and fixtures of one run share; made when the first of them is collected."""

    def __init__(self, config: pytest.Config, session: GitopsSession) -> None:
        self._config = config
        self._session = session
        self._clusters: dict[int, ClusterSecrets] = {}
        self._secrecy: dict[int, Secrecy] = {}

    @cached_property
    def options(self) -> SnapshotOptions:
        """What the configuration says of snapshots."""
        return read_configuration(self._session.fleet.root).snapshots

    @cached_property
    def normaliser(self) -> Normaliser:
        """What makes snapshots of objects."""
        keys, configured = self._session.settings.age_keys, read_configuration(self._session.fleet.root).sops_age
        return Normaliser(self.options, Redactor.from_environment(files=keys, configured=configured))

    @cached_property
    def variants(self) -> tuple[Variants, ...]:
        """The groups of variants; none where only some clusters are looked at."""
        wanted = self.options.variants and not self._session.settings.clusters
        return find_variants(self._session.fleet) if wanted else ()

    @cached_property
    def plan(self) -> Plan:
        """All snapshots."""
        folder = self._session.root / self.options.folder
        return Plan(self._session.fleet, folder, self.variants, partial=bool(self._session.settings.clusters))

    def part(self, title: str, location: Location, cluster: Cluster | None, part: Part | Overlay) -> SnapshotSubject:
        """Return what the snapshot of a part or an overlay is of."""
        return SnapshotSubject(
            title,
            location,
            self.plan.path(part),
            lambda: self.normaliser.text(_objects(part), self._secrets(cluster, part), random=_is_random(part)),
            self._problem,
            self._strays,
            self.plan.folder,
            _no_snapshot(part.outcome),
        )

    def group(self, group: Variants) -> SnapshotSubject:
        """Return what the snapshot of a group of variants is of."""
        skips = [reason for part in group.parts if (reason := _no_snapshot(part.outcome))]
        return SnapshotSubject(
            f"variants of {group.name}",
            _declared(group.variants[0]),
            self.plan.path(group),
            lambda: matrix({variant.label: self._normalised(variant) for variant in group.variants}),
            self._problem,
            self._strays,
            self.plan.folder,
            skips[0] if skips else None,
        )

    def secrets_of_all(self) -> Secrecy:
        """Return what is secret in any part of any cluster."""
        found = [self._secrets(cluster, part) for cluster in self._session.fleet.clusters for part in cluster.parts]
        values = {value for secret in found for value in secret.values}
        return Secrecy(tuple(sorted(values)), any(secret.decrypted for secret in found))

    def _normalised(self, variant: Variant) -> list[dict[str, object]]:
        secrets = self._secrets(variant.cluster, variant.part)
        return self.normaliser.objects(_objects(variant.part), secrets, random=_is_random(variant.part))

    def _secrets(self, cluster: Cluster | None, part: Part | Overlay) -> Secrecy:
        if cluster is None or isinstance(part, Overlay):
            return PLAIN
        if id(part) not in self._secrecy:
            self._secrecy[id(part)] = self._clusters.setdefault(id(cluster), ClusterSecrets(cluster)).of(part)
        return self._secrecy[id(part)]

    def check_folder(self) -> None:
        """Raise pytest.UsageError where the snapshots' folder can't be used."""
        fleet, folder = self._session.fleet, self.options.folder
        dirname = str(self._config.option.snapshot_dirname)
        if dirname in folder.split("/"):
            raise pytest.UsageError(
                f"snapshots.folder: {folder}: syrupy takes what lies in {dirname} for snapshots of test functions, and "
                "deletes what it doesn't know there; name another folder"
            )
        found = applier(fleet, folder)
        if found is not None and not _is_left_out(fleet.root, folder):
            cluster, kustomization = found
            raise pytest.UsageError(
                f"snapshots.folder: {folder} lies in what cluster {cluster.name} applies: Kustomization "
                f"{kustomization.name} ({kustomization.location}) applies all files below ./{kustomization.path}, "
                f"which has no kustomization.yaml. Name another folder in .pytest-gitops.yaml, or write {folder}/ into "
                ".sourceignore"
            )

    def _problem(self, file: Path) -> str | None:
        """Return why a file must not be used: a link leads elsewhere, or it is the user's own."""
        root = self._session.root
        name = file.relative_to(root).as_posix()
        if any(path.is_symlink() for path in (file, *file.parents) if path.is_relative_to(root) and path != root):
            return f"{name} is, or lies behind, a symbolic link; snapshots are regular files of the repository"
        if file.exists() and not _is_ours(file):
            return f"{name} is no snapshot; move it away, or name another folder in .pytest-gitops.yaml"
        return None

    def _strays(self, selected: frozenset[Path]) -> list[Stray]:
        if not self.plan.paths <= selected:
            return []
        folder = self.plan.folder
        names = ((path, path.relative_to(folder).as_posix().removesuffix(SUFFIX)) for path in self.plan.strays())
        return [(path, f"{name}.{NAME}") for path, name in names if _is_ours(path)]


SNAPSHOTS = pytest.StashKey[Snapshots]()


def _objects(part: Part | Overlay) -> list[dict[str, object]]:
    if isinstance(part, Overlay):
        return [resource.object for resource in part.rendered or ()]
    return objects_of(part)


def _is_random(part: Part | Overlay) -> bool:
    return isinstance(part, Part) and is_random(part)


def _no_snapshot(outcome: Outcome) -> str | None:
    if isinstance(outcome, Skipped):
        return outcome.reason
    return "it does not build" if isinstance(outcome, Failed) else None


def _declared(variant: Variant) -> Location:
    part = variant.part
    return Location(part.file, 1) if isinstance(part, Overlay) else part.location


def _is_ours(file: Path) -> bool:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return _MARK in lines.readline(200)
    except OSError:
        return False


def _is_left_out(root: Path, folder: str) -> bool:
    """Return whether the repository's .sourceignore leaves a folder out of every artifact."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 (few repositories need it)

    try:
        lines = (root / ".sourceignore").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return GitIgnoreSpec.from_lines(lines).match_file(f"{folder}/a{SUFFIX}")
