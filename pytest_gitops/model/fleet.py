"""A GitOps repository as its clusters see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_gitops.model.finding import Finding
from pytest_gitops.model.resource import JsonObject, Location, Rendered, Resource, ResourceId


@dataclass(frozen=True, slots=True)
class Skipped:
    """A render that was not tried, because something it needs can't be known here; ``reason`` says what."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A render that Flux would fail too; ``findings`` say why, the first of them is the cause."""

    findings: tuple[Finding, ...]


Outcome = Rendered | Skipped | Failed


@dataclass(frozen=True, slots=True)
class Source:
    """A Flux source object of a cluster, and the local directory that stands for its artifact.

    ``directory`` is None where the artifact is not available here; ``reason`` then says why.
    """

    id: ResourceId
    object: JsonObject
    location: Location | None
    directory: Path | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Kustomization:
    """A Flux Kustomization of one cluster as that cluster holds it, with what it renders to.

    ``object`` is the object after its parent's patches, substitution and target namespace.
    ``location`` is where it is declared; ``chain`` the locations of its ancestors, outermost first.
    ``parent`` is the ``namespace/name`` of the Kustomization that declares it, None for the entry.
    ``implicit`` marks an entry that the repository doesn't declare: the directory a cluster was
    bootstrapped with.
    """

    id: ResourceId
    object: JsonObject
    location: Location
    outcome: Outcome
    parent: str | None = None
    chain: tuple[Location, ...] = ()
    directory: Path | None = None
    implicit: bool = False

    @property
    def name(self) -> str:
        """``namespace/name``."""
        return f"{self.id.namespace}/{self.id.name}"

    @property
    def spec(self) -> JsonObject:
        """The object's ``spec``."""
        return self.object.get("spec") or {}

    @property
    def path(self) -> str:
        """``spec.path``, relative to the source's root, without a leading ``./``."""
        path = str(self.spec.get("path") or "").strip("/")
        while path.startswith("./"):
            path = path[2:].lstrip("/")
        return "" if path == "." else path

    @property
    def suspended(self) -> bool:
        """Whether ``spec.suspend`` is set: the cluster keeps what it has and applies nothing new."""
        return bool(self.spec.get("suspend"))

    @property
    def rendered(self) -> Rendered | None:
        """What it rendered to, None where it was skipped or failed."""
        return self.outcome if isinstance(self.outcome, Rendered) else None


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster that the repository feeds: its entry, all its Kustomizations and sources.

    ``entry`` is the directory, relative to the repository's root, that the cluster was bootstrapped with;
    ``file`` the file that stands for it in pytest's node ids. ``flux_version`` is what the repository
    declares (None where it doesn't); ``strict_substitution`` whether an unset variable is an error there.
    ``kustomizations`` are in the order in which the cluster comes to know them, parents first.
    """

    name: str
    entry: str
    file: str
    kustomizations: tuple[Kustomization, ...]
    sources: tuple[Source, ...] = ()
    flux_version: str | None = None
    strict_substitution: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Kustomization:
        """Return the Kustomization with this ``namespace/name``, or this name where it is unambiguous.

        Raises KeyError naming the choices.
        """
        found = [k for k in self.kustomizations if name in (k.name, k.id.name)]
        if len(found) == 1:
            return found[0]
        choices = ", ".join(k.name for k in (found or self.kustomizations)) or "none"
        raise KeyError(f"{name!r} is {'ambiguous' if found else 'not there'} in cluster {self.name}: {choices}")

    @property
    def resources(self) -> Iterator[tuple[Kustomization, Resource]]:
        """All rendered resources of the cluster, each with the Kustomization that owns it."""
        for kustomization in self.kustomizations:
            if kustomization.rendered is not None:
                for resource in kustomization.rendered:
                    yield kustomization, resource


@dataclass(frozen=True, slots=True)
class Overlay:
    """A kustomize directory that no cluster reaches, rendered on its own."""

    path: str
    file: str
    outcome: Outcome

    @property
    def rendered(self) -> Rendered | None:
        """What it rendered to, None where it was skipped or failed."""
        return self.outcome if isinstance(self.outcome, Rendered) else None


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything a repository renders to: its clusters, and the overlays that none of them reaches.

    ``engine`` describes the renderer (name and versions); ``notes`` are things worth telling once a run.
    """

    root: Path
    clusters: tuple[Cluster, ...]
    overlays: tuple[Overlay, ...] = ()
    engine: str = ""
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Cluster:
        """Return the cluster of this name; raises KeyError naming the choices."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        raise KeyError(f"no cluster {name!r}: {', '.join(c.name for c in self.clusters) or 'none found'}")
