"""From a fleet to a graph for each cluster: what declares what, and what depends on what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_gitops.checks.context import remote_of
from pytest_gitops.graphs.marks import Subject, dependencies, printable, state
from pytest_gitops.model import Cluster, Fleet, Kustomization

_RELEASE = ("helm.toolkit.fluxcd.io", "HelmRelease")


@dataclass(frozen=True, slots=True)
class Node:
    """A Kustomization or HelmRelease; ``state`` is ``failed``, ``suspended``, ``skipped``, ``missing`` or empty."""

    kind: str
    name: str
    state: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """What is written in the node."""
        title = printable(self.name if self.kind == "Kustomization" else f"{self.kind} {self.name}")
        return (title, self.state) if self.state else (title,)


@dataclass(frozen=True, slots=True)
class Edge:
    """From one node to another, by their indices: ``declares`` from a parent, else a dependent on what it needs."""

    source: int
    target: int
    declares: bool = False


@dataclass(frozen=True, slots=True)
class ClusterGraph:
    """The graph of one cluster: all its Kustomizations, and the HelmReleases that depend, are depended on or fail."""

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


_Key = tuple[str, str, str]


def graphs_of(fleet: Fleet) -> tuple[ClusterGraph, ...]:
    """Return a graph for each cluster."""
    return tuple(_graph(cluster) for cluster in fleet.clusters)


def _graph(cluster: Cluster) -> ClusterGraph:
    subjects = dict(_subjects(cluster))
    needs = {
        key: [(key[0], subject.id.kind, f"{space}/{name}") for space, name in dependencies(subject)]
        for key, (subject, _parent) in subjects.items()
    }
    wanted = {key for targets in needs.values() for key in targets}
    taking_part = [
        key
        for key, (subject, _parent) in subjects.items()
        if key[1] == "Kustomization" or needs[key] or key in wanted or state(subject) == "failed"
    ]
    nodes = {key: Node(key[1], key[2], state(subjects[key][0])) for key in taking_part}
    nodes |= {key: Node(key[1], key[2], "missing") for targets in needs.values() for key in targets if key not in nodes}
    numbers = {key: number for number, key in enumerate(nodes)}
    edges = [
        Edge(numbers[parent], numbers[key], declares=True)
        for key in taking_part
        if (parent := subjects[key][1]) in numbers
    ]
    edges += [Edge(numbers[key], numbers[target]) for key in taking_part for target in dict.fromkeys(needs[key])]
    return ClusterGraph(printable(cluster.name), tuple(nodes.values()), tuple(edges))


def _subjects(cluster: Cluster) -> Iterator[tuple[_Key, tuple[Subject, _Key]]]:
    """Yield each Kustomization and HelmRelease with its parent's key.

    The first part of a key is the cluster that a HelmRelease is applied to: a hub may hold one name for many.
    """
    releases = {release.id: release for release in cluster.helm_releases}
    for part in cluster.parts:
        own = _key(part.name)
        if isinstance(part, Kustomization):
            yield own, (part, _key(part.parent or ""))
        for resource in part.rendered or ():
            if (resource.id.group, resource.kind) == _RELEASE:
                name = f"{resource.namespace}/{resource.name}"
                yield (remote_of(part), resource.kind, name), (releases.get(resource.id, resource), own)


def _key(kustomization: str) -> _Key:
    return "", Kustomization.__name__, kustomization
