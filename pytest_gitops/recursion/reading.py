"""Which of the repository's files the clusters read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_gitops.discovery import Reach
from pytest_gitops.discovery.declaration import Declaration, in_chart
from pytest_gitops.paths import ancestors
from pytest_gitops.recursion.cluster import ClusterRun
from pytest_gitops.recursion.kustomizations import BuildInputs
from pytest_gitops.rendering import Index, UnreadFile


def files_read(reach: Reach, runs: Iterable[ClusterRun]) -> set[str]:
    """Return the files that clusters read; where a build failed, those that it would lead to."""
    read: set[str] = set()
    failed: set[str] = set()
    for run in runs:
        read.update(root.location.file for root in run.entry.roots)
        for node in run.ordered():
            if node.rendered is not None:
                read.update(node.rendered.reads)
            elif isinstance(node.inputs, BuildInputs):
                failed.add(node.path)
    for path in sorted(failed):
        read |= reach.follow(reach.coverage.reads(path), None).files if reach.exists(path) else frozenset()
    return read


def paths_of(runs: Iterable[ClusterRun]) -> set[str]:
    """Return the directories that the clusters' Kustomizations build, or fail to, without the repository's root."""
    nodes = [node for run in runs for node in run.ordered() if isinstance(node.inputs, BuildInputs)]
    return {node.path for node in nodes} - {""}


def unread_files(index: Index, runs: Sequence[ClusterRun], read: set[str]) -> list[UnreadFile]:
    """Return the files that hold something of Flux's but aren't YAML, and that no build has stumbled over."""
    nodes = [node for run in runs for node in run.ordered() if isinstance(node.inputs, BuildInputs)]
    failed = {node.path for node in nodes if node.rendered is None}
    return [
        broken
        for broken in index.errors
        if broken.location.file not in read
        and not in_chart(broken.location.file, index.charts)
        and failed.isdisjoint(ancestors(broken.location.file))
    ]


def unread(reach: Reach, runs: Iterable[ClusterRun]) -> list[Declaration]:
    """Return the Kustomizations in files that no cluster reads."""
    read = files_read(reach, runs)
    return [declaration for declaration in reach.declarations if declaration.file not in read]
