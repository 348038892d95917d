"""Sets a cluster's recursion up with what is known of it before anything is rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pytest_gitops.configuration import ClusterConfiguration, Configuration
from pytest_gitops.decryption import NO_KEYS, Keys
from pytest_gitops.discovery import Entry, Reach, directory_entry
from pytest_gitops.exceptions import ConfigurationError
from pytest_gitops.flux_version import gate_in_patches, is_strict
from pytest_gitops.locating import Locator
from pytest_gitops.paths import is_below
from pytest_gitops.recursion import ClusterRun, ClusterSettings, Failures, Surroundings
from pytest_gitops.rendering import Index
from pytest_gitops.repository import Repository
from pytest_gitops.sources import SourceMap


@dataclass(frozen=True, slots=True)
class ClusterStart:
    """What all clusters of one load start from."""

    repository: Repository
    index: Index
    reach: Reach
    configuration: Configuration
    sources: Mapping[str, Path]
    keys: Keys = NO_KEYS

    def run(self, entry: Entry, around: Surroundings, locator: Locator) -> ClusterRun:
        """Return the recursion of an entry, not started yet."""
        given = self.configuration.clusters.get(entry.name, ClusterConfiguration())
        settings = self._settings(entry, given)
        return ClusterRun(
            entry, settings, SourceMap(self.repository, self.sources), Failures(entry.name, locator), around
        )

    def _settings(self, entry: Entry, given: ClusterConfiguration) -> ClusterSettings:
        version = given.flux_version or self._version(entry)
        gate = gate_in_patches(entry.instance.patches) if entry.instance else None
        extra: dict[str, Any] = {"kubernetes_version": given.kubernetes_version} if given.kubernetes_version else {}
        return ClusterSettings(
            name=entry.name,
            flux_version=version,
            strict=given.strict_substitution,
            assumed_strict=is_strict(version) if gate is None else gate,
            values=given.values,
            keys=self.keys,
            inputs={**self.configuration.inputs, **given.inputs},
            settings=extra,
        )

    def _version(self, entry: Entry) -> str | None:
        """Return the Flux version that the entry's own files install, or that its FluxInstance asks for."""
        reads = self.reach.coverage.reads(entry.path) if self.reach.exists(entry.path) else frozenset()
        found = [v.flux for v in self.index.versions if v.file in reads]
        found = found or [v.flux for v in self.index.versions if entry.path and is_below(v.file, entry.path)]
        return next(iter(found), entry.instance.version if entry.instance else None)


def configured_entries(reach: Reach, configuration: Configuration, found: Sequence[Entry]) -> list[Entry]:
    """Return the entries with those that the user names: one that was found gets the user's name for it.

    Raises ConfigurationError where a configured entry isn't a directory.
    """
    entries = {entry.path: entry for entry in found}
    for name, cluster in configuration.clusters.items():
        if cluster.entry is None:
            continue
        if not reach.exists(cluster.entry):
            raise ConfigurationError(
                f"{configuration.file}: clusters.{name}.entry: there is no directory {cluster.entry or '.'} in the "
                "repository; give the directory that the cluster was bootstrapped with"
            )
        entry = entries.get(cluster.entry) or directory_entry(reach, cluster.entry)
        entries[cluster.entry] = replace(entry, name=name)
    return [entries[path] for path in sorted(entries)]


def below(part: str, entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries that lie in a part of the repository, by their directory or their file."""
    return [entry for entry in entries if is_below(entry.path, part) or is_below(entry.file, part)]


def check_names(configuration: Configuration, entries: Sequence[Entry]) -> None:
    """Raise ConfigurationError where the configuration has a cluster that isn't there."""
    names = [entry.name for entry in entries]
    for name in configuration.clusters:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names) or 'none'}"
            raise ConfigurationError(
                f"{configuration.file}: clusters.{name}: there is no such cluster; {hint} "
                "A cluster that isn't found by itself needs `entry: DIRECTORY`"
            )
