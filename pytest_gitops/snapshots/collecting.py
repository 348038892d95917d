"""Gives the collectors of a fleet their snapshots: one item for each part, and one for each group of variants."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_gitops.items import CHECK, Check, Subject, marker_of, properties_of
from pytest_gitops.model import Cluster
from pytest_gitops.session import SESSION
from pytest_gitops.snapshots.items import NAME, SnapshotItem, SnapshotSubject
from pytest_gitops.snapshots.session import SNAPSHOTS

_CHECK = Check(NAME)


def snapshot_of(parent: pytest.Collector, subject: Subject) -> SnapshotItem:
    """Return the snapshot item of a part of a cluster, or of an overlay."""
    assert not isinstance(subject.part, Cluster)  # noqa: S101 (a cluster has no outcome, and no snapshot)
    snapshots = parent.config.stash[SNAPSHOTS]
    made = snapshots.part(subject.title, subject.location, subject.cluster, subject.part)
    return _item(parent, made, marker_of(_CHECK, subject), properties_of(_CHECK, subject))


def variants_of(parent: pytest.File) -> Iterator[pytest.Collector]:
    """Yield the collector of the groups of variants that a file stands for, where there are any."""
    file = parent.path.relative_to(parent.config.stash[SESSION].root).as_posix()
    if any(group.file == file for group in parent.config.stash[SNAPSHOTS].variants):
        yield VariantsCollector.from_parent(parent, name="variants", file=file)


class VariantsCollector(pytest.Collector):
    """All groups of variants that one file stands for."""

    def __init__(self, *, file: str, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self._file = file

    def __repr__(self) -> str:
        return f"<Variants {self.name}>"

    def collect(self) -> Iterator[pytest.Collector]:
        """Yield the groups."""
        snapshots = self.config.stash[SNAPSHOTS]
        groups = [group for group in snapshots.variants if group.file == self._file]
        for group in groups:
            same = [other for other in groups if other.title == group.title]
            number = "" if group is same[0] else f"#{same.index(group) + 1}"
            yield GroupCollector.from_parent(self, name=f"{group.title}{number}", subject=snapshots.group(group))


class GroupCollector(pytest.Collector):
    """One group of variants, with its snapshot."""

    def __init__(self, *, subject: SnapshotSubject, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self._subject = subject

    def __repr__(self) -> str:
        return f"<Variants {self.name}>"

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the item."""
        location = self._subject.location
        properties: list[tuple[str, object]] = [(CHECK, NAME), ("file", location.file), ("line", location.line or 1)]
        yield _item(self, self._subject, {"check": NAME, "variants": self.name}, properties)


def _item(
    parent: pytest.Collector, subject: SnapshotSubject, mark: dict[str, str], properties: list[tuple[str, object]]
) -> SnapshotItem:
    made: SnapshotItem = SnapshotItem.from_parent(parent, name=NAME, subject=subject, mark=mark, properties=properties)
    return made
