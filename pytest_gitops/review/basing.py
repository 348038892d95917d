"""Loads the fleet as it is at the base of a change: written out of Git's object store, rendered like head."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pytest_gitops.configuration import Configuration, read_configuration
from pytest_gitops.exceptions import ConfigurationError
from pytest_gitops.model import Cluster, Fleet
from pytest_gitops.repository import Repository
from pytest_gitops.review.revisions import Range

Load = Callable[[Repository, Configuration], Fleet]


def load_base(change: Range, base: Repository, head: Fleet, load: Load, *, part: str = "") -> Fleet:
    """Return the fleet at the base of a change, with head's names for its clusters.

    ``base`` are the base's files as ``Range.write_base`` wrote them, ``part`` is the directory of them that alone is
    looked at. ``load`` renders a repository by a configuration. A base that can't be read as a fleet, for want of
    directories or of a valid configuration, is an empty one, and a note says so.
    """
    nothing = Fleet(base.root, (), engine=head.engine)
    if change.tree is None or not (base.root / part).is_dir():
        return nothing
    problem = ""
    for configuration in _configurations(change.root, base.root):
        try:
            return _with_names_of(head, load(replace(base, root=base.root / part), configuration))
        except ConfigurationError as error:
            problem = problem or str(error)
    return replace(nothing, notes=(f"the base's configuration can't be understood, so all is new: {problem}",))


def _configurations(head: Path, base: Path) -> Iterator[Configuration]:
    """Yield how the base may be read: as head says, with the clusters that only base knows; else as base says.

    Head knows better, and what it says of values and versions is no change of the cluster.
    """
    ours = read_configuration(head)
    try:
        theirs = read_configuration(base, outside=head)
    except ConfigurationError:
        theirs = Configuration()
    there = {name: c for name, c in ours.clusters.items() if c.entry is None or (base / c.entry).is_dir()}
    yield replace(ours, clusters={**theirs.clusters, **there}, sources=_moved(ours.sources, head, base))
    yield theirs


def _moved(sources: Mapping[str, Path], head: Path, base: Path) -> dict[str, Path]:
    """Return the directories of sources, those inside of the repository as base has them."""
    return {key: base / path.relative_to(head) if path.is_relative_to(head) else path for key, path in sources.items()}


def _with_names_of(head: Fleet, base: Fleet) -> Fleet:
    """Return base with head's names for the clusters that have the same entry: a configuration may rename one."""
    ours = {cluster.name for cluster in head.clusters}
    theirs = {cluster.name for cluster in base.clusters}
    names = {cluster.entry: cluster.name for cluster in head.clusters if cluster.name not in theirs}

    def named(cluster: Cluster) -> Cluster:
        name = names.get(cluster.entry)
        return cluster if cluster.name in ours or name is None else replace(cluster, name=name)

    return replace(base, clusters=tuple(map(named, base.clusters)))
