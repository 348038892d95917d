"""One Kustomization of one cluster while the cluster is being followed."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_gitops.model import JsonObject, Kustomization, Location, Outcome, Rendered, ResourceId, Skipped
from pytest_gitops.objects import mapping, name_of, namespace_of, scalar
from pytest_gitops.paths import clean
from pytest_gitops.rendering import VariableSource
from pytest_gitops.sources import Place, SourceKey

# ``scope`` is the cluster an object lives in: () is the one with the entry, others are those that a
# ``spec.kubeConfig`` leads to, named by the Secret or ConfigMap that holds it.
Scope = tuple[str, ...]
Name = tuple[Scope, str, str]


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that shapes a Kustomization's render beside the files."""

    object: JsonObject
    place: Place
    variables: tuple[VariableSource, ...]
    strict: bool


@dataclass(slots=True, eq=False)
class Node:
    """A Kustomization, where it was declared, and how far its render has come.

    ``key`` tells it from all others of its cluster: ``object`` may come to be another version of it, never another.
    ``order`` tells which of two declarations the cluster comes to know first, whichever render ends first.
    ``generation`` counts the renders asked for; the answer to an earlier one is out of date. ``final`` says that
    it has waited long enough for what it needs. ``spec_field`` is where the declaring document holds the ``spec``.
    """

    object: JsonObject
    location: Location
    order: tuple[int, ...]
    parent: Node | None = None
    scope: Scope = ()
    implicit: bool = False
    spec_field: str = "spec"
    generation: int = 0
    in_flight: bool = False
    final: bool = False
    inputs: Inputs | None = None
    outcome: Outcome | None = None
    children: dict[Name, Node] = field(default_factory=dict)
    key: Name = field(init=False)

    def __post_init__(self) -> None:
        self.key = (self.scope, namespace_of(self.object), name_of(self.object))

    @property
    def namespace(self) -> str:
        """The Kustomization's namespace."""
        return self.key[1]

    @property
    def label(self) -> str:
        """``namespace/name``."""
        return "/".join(self.key[1:])

    @property
    def spec(self) -> JsonObject:
        """The Kustomization's ``spec``."""
        return mapping(self.object, "spec")

    @property
    def path(self) -> str:
        """Its ``spec.path``, relative to the source's root."""
        return clean(scalar(self.spec, "path"))

    @property
    def target(self) -> Scope:
        """The cluster that the Kustomization applies to."""
        config = mapping(self.spec, "kubeConfig")
        if not config:
            return self.scope
        name = scalar(mapping(config, "secretRef"), "name") or scalar(mapping(config, "configMapRef"), "name")
        return (*self.scope, f"{self.namespace}/{name}")

    @property
    def source(self) -> SourceKey | None:
        """What ``spec.sourceRef`` names, None where it names nothing."""
        reference = mapping(self.spec, "sourceRef")
        name = scalar(reference, "name")
        namespace = scalar(reference, "namespace") or self.namespace
        return SourceKey(scalar(reference, "kind"), namespace, name) if name else None

    @property
    def chain(self) -> tuple[Location, ...]:
        """The places of its ancestors, outermost first."""
        return () if self.parent is None else (*self.parent.chain, self.parent.location)

    @property
    def rendered(self) -> Rendered | None:
        """What it rendered to, None where it hasn't."""
        return self.outcome if isinstance(self.outcome, Rendered) else None

    def result(self) -> Kustomization:
        """Return what the fleet says of it; it is skipped where its outcome isn't known."""
        return Kustomization(
            id=ResourceId.of(self.object),
            object=self.object,
            location=self.location,
            outcome=Skipped("it was not rendered") if self.outcome is None else self.outcome,
            parent=self.parent.label if self.parent else None,
            chain=self.chain,
            directory=self.inputs.place.directory if self.inputs else None,
            implicit=self.implicit,
        )
