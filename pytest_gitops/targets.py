"""What a user's test is run for: the clusters, parts of clusters or resources that its ``gitops`` markers select."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_gitops.model import Cluster, Fleet, Part, Resource

# The indices of a cluster in the fleet, of a part in the cluster's ``parts``, and of a resource in what that renders.
Target = tuple[int, int | None, int | None]


class Each(Enum):
    """How often a test is run."""

    CLUSTER = "cluster"
    KUSTOMIZATION = "Kustomization"
    HELM_RELEASE = "HelmRelease"
    PART = "part of a cluster"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How often a test is run, and for parts of which kind alone (empty: of any)."""

    each: Each
    kind: str = ""

    @property
    def said(self) -> str:
        """What a test is run for, in words."""
        if self.each is Each.RESOURCE and self.kind:
            return f"resource of a {self.kind}"
        return self.kind or self.each.value


@dataclass(frozen=True, slots=True)
class Selector:
    """What one marker selects; each field takes one glob or several, ``labels`` a mapping of exact values.

    Raises TypeError for a keyword that doesn't exist.
    """

    cluster: str | Sequence[str] = "*"
    kustomization: str | Sequence[str] = "*"
    helmrelease: str | Sequence[str] = "*"
    resourceset: str | Sequence[str] = "*"
    kind: str | Sequence[str] = "*"
    namespace: str | Sequence[str] = "*"
    name: str | Sequence[str] = "*"
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, str | Sequence[str]]:
        """The globs of parts, by the kind they are about; only those that were given."""
        globs = {
            "Kustomization": self.kustomization,
            "HelmRelease": self.helmrelease,
            "ResourceSet": self.resourceset,
        }
        return {kind: given for kind, given in globs.items() if given != "*"}

    def takes_cluster(self, cluster: Cluster) -> bool:
        """Return whether the cluster is selected."""
        return _matches(cluster.name, self.cluster)

    def takes_part(self, part: Part) -> bool:
        """Return whether the part is selected: a glob with a slash is about ``namespace/name``.

        A marker that names parts of one kind leaves out those of another.
        """
        given = self.parts
        if not given:
            return True
        globs = given.get(part.id.kind, ())
        full = f"{part.id.namespace}/{part.id.name}"
        return any(
            fnmatchcase(full if "/" in glob else part.id.name, glob)
            for glob in ([globs] if isinstance(globs, str) else globs)
        )

    def takes_resource(self, resource: Resource) -> bool:
        """Return whether the resource is selected."""
        pairs = ((resource.kind, self.kind), (resource.namespace, self.namespace), (resource.name, self.name))
        named = all(_matches(value, globs) for value, globs in pairs)
        return named and all(resource.labels.get(key) == value for key, value in self.labels.items())


def targets(fleet: Fleet, selectors: Sequence[Selector], wanted: Wanted) -> Iterator[tuple[Target, str]]:
    """Yield what is selected, as indices (small, and the same in every xdist worker), with a name for each."""
    for number, cluster in enumerate(fleet.clusters):
        if not all(selector.takes_cluster(cluster) for selector in selectors):
            continue
        parts = cluster.parts
        chosen = [
            index
            for index, part in enumerate(parts)
            if wanted.kind in ("", part.id.kind) and all(selector.takes_part(part) for selector in selectors)
        ]
        if wanted.each is Each.CLUSTER:
            if chosen or not any(selector.parts for selector in selectors):
                yield (number, None, None), cluster.name
            continue
        for index in chosen:
            yield from _within(parts[index], (number, index, None), cluster.name, selectors, wanted.each)


def _within(
    part: Part, target: Target, cluster: str, selectors: Sequence[Selector], each: Each
) -> Iterator[tuple[Target, str]]:
    if each is not Each.RESOURCE:
        yield target, f"{cluster}/{part.name}"
        return
    for index, resource in enumerate(part.rendered or ()):
        if all(selector.takes_resource(resource) for selector in selectors):
            yield (target[0], target[1], index), f"{cluster}/{part.name}/{resource.id}"


def asked(selectors: Sequence[Any]) -> str:
    """Return the keywords of markers as they were written."""
    return (
        ", ".join(f"{name}={value!r}" for marker in selectors for name, value in marker.kwargs.items()) or "no marker"
    )


def _matches(value: str, globs: str | Sequence[str]) -> bool:
    return any(fnmatchcase(value, glob) for glob in ([globs] if isinstance(globs, str) else globs))
