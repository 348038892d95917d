"""Follows one cluster from its entry through everything that its Flux objects declare."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from pytest_gitops.discovery import Entry
from pytest_gitops.flux_version import is_strict, told_by
from pytest_gitops.model import Cluster, HelmRelease, Kustomization, Outcome, Rendered, Resource, ResourceSet
from pytest_gitops.recursion.failures import Failures
from pytest_gitops.recursion.fetching import Fetching
from pytest_gitops.recursion.kinds import KUSTOMIZATION, KindOf, kinds_of, with_namespace
from pytest_gitops.recursion.node import Inputs, Key, Kind, Name, Node, Wait
from pytest_gitops.recursion.registry import Registry
from pytest_gitops.recursion.settings import ClusterSettings, Surroundings
from pytest_gitops.recursion.sourcing import Sourcing
from pytest_gitops.recursion.state import State
from pytest_gitops.recursion.substitution import Substitution
from pytest_gitops.rendering import Done, RenderError, TreeError
from pytest_gitops.sources import SourceMap
from pytest_gitops.variables import post_build

# A node is rendered again when what it used has changed; two that feed each other would never end.
MAX_RENDERS = 6


class ClusterRun:
    """The recursion of one cluster: reacts to finished requests, and submits those that they make possible.

    A request's ``tag`` takes what came of it; whoever takes that from the renderer calls it. When nothing is in flight
    any more, ``settle`` goes on without what nobody gave.
    """

    def __init__(
        self, entry: Entry, settings: ClusterSettings, sources: SourceMap, failures: Failures, around: Surroundings
    ) -> None:
        self.entry = entry
        self.settings = settings
        self.duplicates: dict[Name, set[str]] = defaultdict(set)
        self.without_namespace: list[str] = []
        self._around = around
        self._nodes: dict[Name, Node] = {}
        self._roots: list[Node] = []
        self._registry = Registry()
        fetching = Fetching(around.shared, failures, self._replan_one, strict=around.strict_sources)
        self._sourcing = Sourcing(
            sources,
            self._registry,
            failures,
            fetching,
            around.trees,
            implicit=any(root.implicit for root in entry.roots),
            nodes=self._nodes.values,
        )
        self._substitution = Substitution(self._registry, settings.values)
        self._state = State(
            settings,
            self._nodes,
            self._registry,
            self._sourcing,
            fetching,
            failures,
            around,
            self._replan_one,
            self._replan_users,
            version=settings.flux_version,
            strict=settings.assumed_strict if settings.strict is None else settings.strict,
        )
        self._kinds: Mapping[KindOf, Kind] = kinds_of(self._state, self._substitution)
        self._users: dict[Key, dict[Node, None]] = defaultdict(dict)
        self._waiting: dict[Node, None] = {}

    @property
    def version(self) -> str | None:
        """The cluster's Flux version."""
        return self._state.version

    @property
    def strict(self) -> bool:
        """Whether an unset variable is an error in the cluster."""
        return self._state.strict

    def start(self) -> None:
        """Submit the entry."""
        for obj, location in self.entry.sources:
            self._registry.declare((), obj, location)
        kind = self._kinds[KUSTOMIZATION]
        for index, root in enumerate(self.entry.roots):
            node = Node(kind, root.object, root.location, (index,), implicit=root.implicit, spec_field=root.field)
            if node.key not in self._nodes:
                self._nodes[node.key] = node
                self._roots.append(node)
                if node.source is not None and not (len(self.entry.roots) > 1 and self._sourcing.known(node)):
                    self._sourcing.adopt(node.source)
        for node in list(self._roots):
            if self.entry.problem is None:
                self._plan(node)
            else:
                self._end(node, self._state.failures.at_field(node, "build", "spec", self.entry.problem))

    def take(self, node: Node, generation: int, done: Done) -> None:
        """React to a finished request; one that is out of date is dropped."""
        if generation != node.generation or self._nodes.get(node.key) is not node or node.inputs is None:
            return
        node.in_flight = False
        if isinstance(done.outcome, RenderError):
            self._end(node, node.kind.failed(node, done.outcome))
        else:
            self._accept(node, node.kind.accept(node, done.outcome))

    def settle(self) -> bool:
        """Go on without what nobody gave; return whether anything came of it."""
        waiting = [node for node in self._waiting if self._nodes.get(node.key) is node]
        least = min((node.kind.patience for node in waiting), default=0)
        waiting = [node for node in waiting if node.kind.patience == least]
        # What waits for variables goes first: it may declare the sources that others wait for. Then what makes some.
        first = [node for node in waiting if self._sourcing.known(node)]
        first = first or [node for node in waiting if node.kind.makes_sources] or waiting
        for node in first:
            self._waiting.pop(node, None)
            node.final = True
        for node in first:
            self._plan(node)
        return bool(first) or self._renew()

    def _renew(self) -> bool:
        outdated = [node for node in self._nodes.values() if node.kind.outdated(node) and node.generation < MAX_RENDERS]
        for node in outdated:
            self._plan(node)
        return bool(outdated)

    def ordered(self) -> Iterator[Node]:
        """Yield what applies objects as the cluster comes to know it, parents first."""
        todo = deque(self._roots)
        while todo:
            node = todo.popleft()
            yield node
            todo.extend(node.children.values())

    def missing(self) -> dict[str, set[str]]:
        """Return the ConfigMaps and Secrets that are required and that nothing rendered, with who requires them."""
        return self._substitution.missing(self.ordered())

    def count(self, kind: str, group: str) -> int:
        """Return how many objects of a kind the cluster renders."""
        rendered = (resource for node in self.ordered() for resource in node.rendered or ())
        return sum(1 for resource in rendered if resource.kind == kind and resource.id.group == group)

    def result(self) -> Cluster:
        """Return the cluster as it was found to be."""
        parts = [node.kind.result(node) for node in self.ordered() if node.outcome is not None]
        return Cluster(
            name=self.settings.name,
            entry=self.entry.path,
            file=self.entry.file,
            kustomizations=tuple(part for part in parts if isinstance(part, Kustomization)),
            helm_releases=tuple(part for part in parts if isinstance(part, HelmRelease)),
            resource_sets=tuple(part for part in parts if isinstance(part, ResourceSet)),
            sources=self._sourcing.results(),
            flux_version=self.version,
            strict_substitution=self.strict,
            settings=self.settings.settings,
        )

    def _plan(self, node: Node) -> None:
        """Submit a node's request unless it is up to date, let it wait for what it needs, or end it."""
        for key in node.kind.uses(node):
            self._users[key][node] = None
        planned = node.kind.plan(node)
        if planned is Wait.OBJECT:
            self._waiting[node] = None
        elif isinstance(planned, Inputs):
            if planned != node.inputs and node.generation < MAX_RENDERS:
                node.inputs = planned
                self._ask(node, planned)
        elif not isinstance(planned, Wait):
            node.inputs = None
            self._end(node, planned)

    def _ask(self, node: Node, inputs: Inputs) -> None:
        generation = node.generation + 1
        try:
            request = node.kind.request(node, inputs, partial(self.take, node, generation))
        except TreeError as error:
            self._end(node, node.kind.failed(node, error.error))
            return
        node.generation = generation
        node.in_flight = not isinstance(request, Rendered)
        if isinstance(request, Rendered):
            self._accept(node, request)
        else:
            self._around.submit(request)

    def _accept(self, node: Node, rendered: Rendered) -> None:
        """Take a render: first what it says of its own Kustomization, then of Flux, then of everyone else."""
        if node.parent is None and self._redeclared(node, rendered):
            return
        self._learn_flux(rendered)
        rendered.secrets = tuple(dict.fromkeys((*rendered.secrets, *node.secrets)))
        node.outcome = rendered
        places = self._around.places
        changed = self._registry.take(node, rendered.resources, lambda resource: places.of(resource, node.location))
        self._adopt_children(node, rendered)
        self._replan_users(sorted(changed, key=str))

    def _redeclared(self, node: Node, rendered: Rendered) -> bool:
        """Render an entry again where its own output holds it otherwise: the cluster holds what was applied last."""
        for resource in rendered:
            if self._kind(node, resource) is node.kind and (
                (node.target, resource.kind, resource.namespace, resource.name) == node.key
            ):
                if resource.get("spec") == node.spec or node.generation >= MAX_RENDERS:
                    return False
                node.object = resource.object
                self._plan(node)
                return node.in_flight
        return False

    def _learn_flux(self, rendered: Rendered) -> None:
        """Learn Flux's version and strictness from what the cluster itself renders of Flux."""
        for resource in rendered:
            told = told_by(resource)
            if told is None:
                continue
            version, gate = told
            if self.version is None and version is not None:
                self._state.version = version
                gate = is_strict(version) if gate is None else gate
            if gate is not None and self.settings.strict is None and gate != self.strict:
                self._state.strict = gate
                self._replan(node for node in list(self._nodes.values()) if post_build(node.object))

    def _adopt_children(self, node: Node, rendered: Rendered) -> None:
        """Take the objects in a render that apply others as the cluster's, in place of those an earlier one held."""
        before, node.children = node.children, {}
        for index, resource in enumerate(rendered):
            kind = self._kind(node, resource)
            if kind is None:
                continue
            child = Node(
                kind,
                with_namespace(resource, node.kind.default_namespace(node)),
                self._around.places.of(resource, node.location),
                (*node.order, index),
                parent=node,
                scope=node.target,
            )
            if not resource.namespace:
                self.without_namespace.append(f"{child.key[1]} {child.label} ({child.location})")
            self._adopt(node, child, before)
        for child in before.values():
            if child.key not in node.children:
                self._drop(child)
        for child in list(node.children.values()):
            self._plan(child)

    def _kind(self, node: Node, resource: Resource) -> Kind | None:
        """Return what an object does that a node renders; None where it applies nothing, or isn't applied itself."""
        kind = self._kinds.get((resource.id.group, resource.kind))
        return kind if kind is not None and node.kind.is_applied(resource) else None

    def _adopt(self, parent: Node, child: Node, before: Mapping[Name, Node]) -> None:
        known = self._nodes.get(child.key)
        if known is not None and known is before.get(child.key):
            known.object, known.location, known.order = child.object, child.location, child.order
            parent.children[child.key] = known
            return
        if known is not None:
            if known is parent or known.parent is None:
                return
            self.duplicates[child.key] |= {str(known.location), str(child.location)}
            if (len(known.order), known.order) < (len(child.order), child.order):
                return
            self._drop(known)
        self._nodes[child.key] = child
        parent.children[child.key] = child

    def _drop(self, node: Node) -> None:
        """Forget a node that the cluster turned out not to hold, with all it led to."""
        if self._nodes.get(node.key) is not node:
            return
        del self._nodes[node.key]
        if node.parent is not None:
            node.parent.children.pop(node.key, None)
        for child in list(node.children.values()):
            self._drop(child)
        self._replan_users(self._registry.withdraw(node))

    def _end(self, node: Node, outcome: Outcome) -> None:
        """End a node without a render."""
        node.outcome = outcome
        for child in list(node.children.values()):
            self._drop(child)
        self._replan_users(self._registry.withdraw(node))

    def _replan(self, nodes: Iterable[Node]) -> None:
        for node in list(dict.fromkeys(nodes)):
            if self._nodes.get(node.key) is node:
                self._waiting.pop(node, None)
                self._plan(node)

    def _replan_users(self, keys: Iterable[Key]) -> None:
        self._replan(user for key in keys for user in self._users.get(key, ()))

    def _replan_one(self, node: Node) -> None:
        self._replan([node])
