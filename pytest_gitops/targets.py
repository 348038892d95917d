"""What a user's test is run for: the clusters, Kustomizations or resources that its ``gitops`` markers select."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_gitops.model import Cluster, Fleet, Kustomization, Resource

Target = tuple[int, int | None, int | None]


class Each(Enum):
    """How often a test is run."""

    CLUSTER = "cluster"
    KUSTOMIZATION = "Kustomization"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class Selector:
    """What one marker selects; each field takes one glob or several, ``labels`` a mapping of exact values.

    Raises TypeError for a keyword that doesn't exist.
    """

    cluster: str | Sequence[str] = "*"
    kustomization: str | Sequence[str] = "*"
    kind: str | Sequence[str] = "*"
    namespace: str | Sequence[str] = "*"
    name: str | Sequence[str] = "*"
    labels: Mapping[str, str] = field(default_factory=dict)

    def takes_cluster(self, cluster: Cluster) -> bool:
        """Return whether the cluster is selected."""
        return _matches(cluster.name, self.cluster)

    def takes_kustomization(self, kustomization: Kustomization) -> bool:
        """Return whether the Kustomization is selected: a glob with a slash is about ``namespace/name``."""
        globs = [self.kustomization] if isinstance(self.kustomization, str) else self.kustomization
        return any(fnmatchcase(kustomization.name if "/" in glob else kustomization.id.name, glob) for glob in globs)

    def takes_resource(self, resource: Resource) -> bool:
        """Return whether the resource is selected."""
        pairs = ((resource.kind, self.kind), (resource.namespace, self.namespace), (resource.name, self.name))
        named = all(_matches(value, globs) for value, globs in pairs)
        return named and all(resource.labels.get(key) == value for key, value in self.labels.items())


def targets(fleet: Fleet, selectors: Sequence[Selector], each: Each) -> Iterator[tuple[Target, str]]:
    """Yield what is selected, as indices (small, and the same in every xdist worker), with a name for each."""
    for number, cluster in enumerate(fleet.clusters):
        if not all(selector.takes_cluster(cluster) for selector in selectors):
            continue
        chosen = [
            index
            for index, kustomization in enumerate(cluster.kustomizations)
            if all(selector.takes_kustomization(kustomization) for selector in selectors)
        ]
        if each is Each.CLUSTER:
            if chosen or all(selector.kustomization == "*" for selector in selectors):
                yield (number, None, None), cluster.name
            continue
        for index in chosen:
            yield from _within(cluster.kustomizations[index], (number, index, None), cluster.name, selectors, each)


def _within(
    kustomization: Kustomization, target: Target, cluster: str, selectors: Sequence[Selector], each: Each
) -> Iterator[tuple[Target, str]]:
    if each is Each.KUSTOMIZATION:
        yield target, f"{cluster}/{kustomization.name}"
        return
    for index, resource in enumerate(kustomization.rendered or ()):
        if all(selector.takes_resource(resource) for selector in selectors):
            yield (target[0], target[1], index), f"{cluster}/{kustomization.name}/{resource.id}"


def asked(selectors: Sequence[Any]) -> str:
    """Return the keywords of markers as they were written."""
    return (
        ", ".join(f"{name}={value!r}" for marker in selectors for name, value in marker.kwargs.items()) or "no marker"
    )


def _matches(value: str, globs: str | Sequence[str]) -> bool:
    return any(fnmatchcase(value, glob) for glob in ([globs] if isinstance(globs, str) else globs))
