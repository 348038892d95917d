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
class Part:
    """A Flux object of one cluster that applies further objects, with what it renders to.

    ``object`` is the object as the cluster holds it, after its parent's patches, substitution and target namespace.
    ``location`` is where it is declared; ``chain`` the locations of its ancestors, outermost first.
    ``parent`` is the ``name`` of the part that declares it, None for the entry.
    """

    id: ResourceId
    object: JsonObject
    location: Location
    outcome: Outcome
    parent: str | None = None
    chain: tuple[Location, ...] = ()

    @property
    def name(self) -> str:
        """``Kind/namespace/name``: unique within the cluster, as that of a Kustomization is without its kind."""
        return f"{self.id.kind}/{self.id.namespace}/{self.id.name}"

    @property
    def spec(self) -> JsonObject:
        """The object's ``spec``."""
        return self.object.get("spec") or {}

    @property
    def suspended(self) -> bool:
        """Whether ``spec.suspend`` is set: the cluster keeps what it has and applies nothing new."""
        return bool(self.spec.get("suspend"))

    @property
    def rendered(self) -> Rendered | None:
        """What it rendered to, None where it was skipped or failed."""
        return self.outcome if isinstance(self.outcome, Rendered) else None


@dataclass(frozen=True, slots=True)
class Kustomization(Part):
    """A Flux Kustomization of one cluster as that cluster holds it, with what it renders to.

    ``implicit`` marks an entry that the repository doesn't declare: the directory a cluster was
    bootstrapped with.
    """

    directory: Path | None = None
    implicit: bool = False

    @property
    def name(self) -> str:
        """``namespace/name``."""
        return f"{self.id.namespace}/{self.id.name}"

    @property
    def path(self) -> str:
        """``spec.path``, relative to the source's root, without a leading ``./``."""
        path = str(self.spec.get("path") or "").strip("/")
        while path.startswith("./"):
            path = path[2:].lstrip("/")
        return "" if path == "." else path


@dataclass(frozen=True, slots=True)
class Chart:
    """The Helm chart that a HelmRelease installs: its name and version, and the source it came from.

    ``source`` is ``Kind/namespace/name`` of the source object. ``uses`` names what makes the chart's output differ
    from one render to the next: ``lookup``, ``random`` or ``time``.
    """

    name: str
    version: str
    source: str
    app_version: str = ""
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HelmRelease(Part):
    """A HelmRelease of one cluster, with what its chart renders to after Flux's post-rendering.

    ``rendered`` holds the release's manifest and, where the ``crds`` policy has Flux apply them, the chart's
    CustomResourceDefinitions; ``hooks`` are the chart's hooks, which Helm runs and does not keep. ``release`` is the
    Helm release's name and ``target`` the namespace it is installed in. ``chart`` is None where it was not had.
    ``unknown`` are values that only the cluster has: what they would give is not among the objects.
    """

    chart: Chart | None = None
    release: str = ""
    target: str = ""
    hooks: tuple[Resource, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceSet(Part):
    """A ResourceSet of flux-operator, with the objects that its inputs give."""

    @property
    def suspended(self) -> bool:
        """Whether ``fluxcd.controlplane.io/reconcile: disabled`` is set: the cluster keeps what it has."""
        annotations = (self.object.get("metadata") or {}).get("annotations") or {}
        return str(annotations.get("fluxcd.controlplane.io/reconcile") or "").lower() == "disabled"


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster that the repository feeds: its entry, all its Kustomizations, HelmReleases and sources.

    ``entry`` is the directory, relative to the repository's root, that the cluster was bootstrapped with;
    ``file`` the file that stands for it in pytest's node ids. ``flux_version`` is what the repository
    declares (None where it doesn't); ``strict_substitution`` whether an unset variable is an error there.
    ``kustomizations``, ``helm_releases`` and ``resource_sets`` are each in the order in which the cluster comes to know
    them, parents first.
    """

    name: str
    entry: str
    file: str
    kustomizations: tuple[Kustomization, ...]
    sources: tuple[Source, ...] = ()
    flux_version: str | None = None
    strict_substitution: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    helm_releases: tuple[HelmRelease, ...] = ()
    resource_sets: tuple[ResourceSet, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything that applies objects: the Kustomizations, the HelmReleases, the ResourceSets."""
        return (*self.kustomizations, *self.helm_releases, *self.resource_sets)

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
    def resources(self) -> Iterator[tuple[Part, Resource]]:
        """All rendered resources of the cluster, each with the part that applies it."""
        for part in self.parts:
            if part.rendered is not None:
                for resource in part.rendered:
                    yield part, resource


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
