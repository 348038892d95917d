"""One Flux object of one cluster that applies others, while the cluster is being followed, and what its kind does."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from pytest_gitops.model import (
    Failed,
    JsonObject,
    Location,
    Outcome,
    Part,
    Rendered,
    Resource,
    Skipped,
)
from pytest_gitops.objects import mapping, name_of, namespace_of, scalar
from pytest_gitops.paths import clean
from pytest_gitops.rendering import Done, RenderError, Request
from pytest_gitops.sources import Place, SourceKey

# ``scope`` is the cluster an object lives in: () is the one with the entry, others are those that a
# ``spec.kubeConfig`` leads to, named by the Secret or ConfigMap that holds it.
Scope = tuple[str, ...]
# Scope, kind, namespace and name.
Name = tuple[Scope, str, str, str]
Key = tuple[Scope, str, str, str]


class Wait(Enum):
    """What a node waits for: an object that the cluster may yet come to hold, or work that is under way."""

    OBJECT = "object"
    WORK = "work"


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that shapes a render; the same inputs are not rendered twice. ``place`` is where its files are."""

    object: JsonObject
    place: Place


class Kind(ABC):
    """What a kind of Flux object needs, what is asked for it, and what comes of that.

    One serves all objects of its kind in a cluster, and keeps what it shares among them. ``holds_anything`` says
    whether what a node applies may well be sources, or what variables come from: nobody puts those into charts.
    ``makes_sources`` says that others wait for what a node makes, and that no more comes of it. Nodes that wait for
    what nobody gives go on in the order of their kinds' ``patience``.
    """

    holds_anything: ClassVar[bool] = True
    makes_sources: ClassVar[bool] = False
    patience: ClassVar[int] = 0

    @abstractmethod
    def uses(self, node: Node) -> Iterable[Key]:
        """Return the objects of the cluster that a node's render depends on: when one changes, it is planned again."""

    @abstractmethod
    def plan(self, node: Node) -> Inputs | Failed | Skipped | Wait:
        """Return what a node is to be rendered from, how it ends without a render, or what it waits for.

        It is called again whenever something that the node uses has changed. A node that is ``final`` has waited
        for objects long enough.
        """

    @abstractmethod
    def request(self, node: Node, inputs: Inputs, tag: Callable[[Done], None]) -> Request | Rendered:
        """Return what to ask the renderer for, or what is rendered without it. Raises TreeError."""

    @abstractmethod
    def accept(self, node: Node, answer: Any) -> Rendered:
        """Return what a node applies, in the repository's own paths, from what its request gave."""

    @abstractmethod
    def failed(self, node: Node, error: RenderError) -> Failed | Skipped:
        """Return how a node ends whose request failed."""

    @abstractmethod
    def result(self, node: Node) -> Part | None:
        """Return what the fleet says of a node, None for a kind that is no part of it."""

    def default_namespace(self, node: Node) -> str:
        """Return the namespace of what a node applies and that names none."""
        return node.namespace

    def outdated(self, node: Node) -> bool:
        """Tell whether a node is to be planned again once all of the cluster is rendered."""
        return False

    def is_applied(self, resource: Resource) -> bool:
        """Tell whether an object among what a node of this kind renders is applied at all."""
        return True


@dataclass(slots=True, eq=False)
class Node:
    """A Flux object that applies others, where it was declared, and how far its render has come.

    ``key`` tells it from all others of its cluster: ``object`` may come to be another version of it, never another.
    ``order`` tells which of two declarations the cluster comes to know first, whichever render ends first.
    ``generation`` counts the renders asked for; the answer to an earlier one is out of date. ``final`` says that
    it has waited long enough for what it needs. ``spec_field`` is where the declaring document holds the ``spec``.
    ``detail`` is its kind's own, about its latest render.
    """

    kind: Kind
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
    detail: Any = None
    children: dict[Name, Node] = field(default_factory=dict)
    key: Name = field(init=False)

    def __post_init__(self) -> None:
        self.key = (self.scope, scalar(self.object, "kind"), namespace_of(self.object), name_of(self.object))

    @property
    def namespace(self) -> str:
        """The object's namespace."""
        return self.key[2]

    @property
    def label(self) -> str:
        """``namespace/name``."""
        return "/".join(self.key[2:])

    @property
    def title(self) -> str:
        """``Kind/namespace/name``."""
        return "/".join(self.key[1:])

    @property
    def name(self) -> str:
        """What the fleet calls it: ``namespace/name`` for a Kustomization, ``Kind/namespace/name`` for any other."""
        return self.label if self.key[1] == "Kustomization" else self.title

    @property
    def spec(self) -> JsonObject:
        """The object's ``spec``."""
        return mapping(self.object, "spec")

    @property
    def path(self) -> str:
        """Its ``spec.path``, relative to the source's root."""
        return clean(scalar(self.spec, "path"))

    @property
    def target(self) -> Scope:
        """The cluster that it applies to."""
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
    def ancestors(self) -> Iterator[Node]:
        """What declares it, and what declares that, the nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    @property
    def rendered(self) -> Rendered | None:
        """What it rendered to, None where it hasn't."""
        return self.outcome if isinstance(self.outcome, Rendered) else None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The decrypted values that its own object holds: those that its parent's substitution put there."""
        rendered = self.parent.rendered if self.parent else None
        if rendered is None or not rendered.secrets:
            return ()
        text = json.dumps(self.object, ensure_ascii=False)
        return tuple(s for s in rendered.secrets if s and json.dumps(s, ensure_ascii=False)[1:-1] in text)

    @property
    def is_unknown(self) -> bool:
        """Whether it could not be rendered, and may hold just anything."""
        return self.kind.holds_anything and isinstance(self.outcome, Failed | Skipped)

    @property
    def settled(self) -> Outcome:
        """What became of it: a skip where nothing did."""
        return Skipped("it was not rendered") if self.outcome is None else self.outcome
