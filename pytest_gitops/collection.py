"""From the fleet to pytest's tree: a file for each cluster's entry, below it the cluster and its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_gitops.items import CHECKS, CheckItem, Subject
from pytest_gitops.model import Cluster
from pytest_gitops.session import SESSION, GitopsSession
from pytest_gitops.settings import REVIEW


def collect_file(session: GitopsSession, path: Path, parent: pytest.Collector) -> pytest.File | None:
    """Return the collector of a file that stands for a cluster or an overlay, None for any other file."""
    return FleetFile.from_parent(parent, path=path) if path in session.files else None


class FleetFile(pytest.File):
    """A file that stands for a cluster (its entry), or for an overlay (its kustomization file)."""

    def __repr__(self) -> str:
        return f"<File {self.name}>"

    def collect(self) -> Iterator[pytest.Collector]:
        """Yield the file's clusters and overlays."""
        session = self.config.stash[SESSION]
        parts = session.files[self.path]
        subjects = [Subject(session.fleet, part if isinstance(part, Cluster) else None, part) for part in parts]
        for subject, name in zip(subjects, _names(subjects), strict=True):
            if subject.cluster is not None:
                yield ClusterCollector.from_parent(self, name=name, subject=subject, cluster=subject.cluster)
            else:
                yield PartCollector.from_parent(self, name=name, subject=subject)
        if session.settings.snapshot:
            from pytest_gitops.snapshots.collecting import variants_of  # noqa: PLC0415 (needs syrupy)

            yield from variants_of(self)


class PartCollector(pytest.Collector):
    """A part of the fleet, with an item for each of its checks."""

    def __init__(self, *, subject: Subject, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.subject = subject

    def __repr__(self) -> str:
        return f"<{type(self.subject.part).__name__} {self.name}>"

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Yield the items."""
        session = self.config.stash[SESSION]
        for check in CHECKS:
            if check.name not in session.settings.checks or not check.concerns(self.subject):
                continue
            if check.name != REVIEW or self.subject.item(REVIEW) in session.reviewed:
                yield CheckItem.from_parent(self, name=check.name, check=check, subject=self.subject)
        if self.config.stash[SESSION].settings.snapshot and self.subject.outcome is not None:
            from pytest_gitops.snapshots.collecting import snapshot_of  # noqa: PLC0415 (needs syrupy)

            yield snapshot_of(self, self.subject)


class ClusterCollector(PartCollector):
    """A cluster: its parts, and the checks of the cluster as a whole."""

    def __init__(self, *, cluster: Cluster, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Yield the parts, Kustomizations first and in the order in which the cluster comes to know them, then the
        cluster's items.
        """
        fleet = self.subject.fleet
        subjects = [Subject(fleet, self.cluster, part) for part in self.cluster.parts]
        for subject, name in zip(subjects, _names(subjects), strict=True):
            yield PartCollector.from_parent(self, name=name, subject=subject)
        yield from super().collect()


def _names(subjects: list[Subject]) -> Iterator[str]:
    """Yield names that can be part of a node id: unique, and without the characters that mean something there."""
    seen: dict[str, int] = {}
    for subject in subjects:
        name = subject.name.replace("::", ":").translate({ord("["): "(", ord("]"): ")"})
        seen[name] = count = seen.get(name, 0) + 1
        yield name if count == 1 else f"{name}#{count}"
