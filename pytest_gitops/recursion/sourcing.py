"""Where each part of a cluster gets its files from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from pytest_gitops.model import Failed, JsonObject, Location, ResourceId, Skipped, Source
from pytest_gitops.objects import mapping, scalar
from pytest_gitops.recursion.failures import Failures
from pytest_gitops.recursion.fetching import Fetching, named
from pytest_gitops.recursion.node import Node, Scope, Wait
from pytest_gitops.recursion.registry import SOURCE_GROUP, Provided, Registry
from pytest_gitops.recursion.trees import Trees
from pytest_gitops.rendering import Fetched, RenderError, TreeError
from pytest_gitops.sources import FETCHED, KINDS, Copy, Place, SourceKey, SourceMap, includes

BOOTSTRAP_NAME = "flux-system"


class Sourcing:
    """Answers for each part of one cluster which directory stands for its source.

    ``implicit`` tells a cluster whose entry no file declares: then what it was bootstrapped from isn't in Git
    either. ``nodes`` gives the cluster's parts.
    """

    def __init__(
        self,
        sources: SourceMap,
        registry: Registry,
        failures: Failures,
        fetching: Fetching,
        trees: Trees,
        *,
        implicit: bool,
        nodes: Callable[[], Iterable[Node]],
    ) -> None:
        self._sources = sources
        self._registry = registry
        self._failures = failures
        self._fetching = fetching
        self._trees = trees
        self._fetched: dict[SourceKey, Place] = {}
        self._made: dict[tuple[Scope, SourceKey], Place | Failed | Skipped] = {}
        self._implicit = implicit
        self._nodes = nodes

    def locate(
        self, node: Node, key: SourceKey | None, *, path: str = "", field: str = "spec.sourceRef"
    ) -> Place | Failed | Skipped | Wait:
        """Return where a source is that a part names, how the part ends without it, or what it waits for.

        ``path`` is what the part asks of the source, ``field`` what names the source in it.
        """
        if key is None or key.kind not in KINDS:
            return self._unusable(node, key, field)
        provided = self._registry.source(node.scope, key)
        if provided is None and not self._sources.is_own(key):
            return self._undeclared(node, key, field)
        if provided is not None and self._implicit and self._sources.may_be_own(key, path):
            self._sources.adopt(key)
        if provided is not None and self._sources.is_own(key):
            self._sources.declare_own(provided.object)
        return self._with_includes(node, key, provided)

    def declares(self, node: Node, key: SourceKey) -> bool:
        """Tell whether a source that a part names is there."""
        return self._sources.is_own(key) or self._registry.source(node.scope, key) is not None

    def mapped(self, key: SourceKey, obj: JsonObject | None) -> Path | None:
        """Return the user's own directory for a source of any kind."""
        return self._sources.mapped(key, scalar(mapping(obj, "spec"), "url"))

    def make(self, scope: Scope, key: SourceKey, place: Place | Failed | Skipped) -> bool:
        """Take what a generator makes of an ExternalArtifact; return whether that is new."""
        known = self._made.get((scope, key))
        self._made[scope, key] = place
        return known != place

    def known(self, node: Node) -> bool:
        """Tell whether a Kustomization's source is known."""
        key = node.source
        return key is not None and (self._sources.is_own(key) or self._registry.source(node.scope, key) is not None)

    def adopt(self, key: SourceKey) -> None:
        """Take a source as the one that the cluster's entry is synced from."""
        self._sources.adopt(key)

    def results(self) -> tuple[Source, ...]:
        """Return the cluster's sources: those it declares, and its own where that was made by a bootstrap alone."""
        declared = [(key, self._registry.source(scope, key)) for key, scope in self._registry.sources()]
        known = {key for key, _provided in declared}
        bare = [_bare(key, self._sources.place(key, None)) for key in self._sources.owned if key not in known]
        return tuple(bare + [self._result(key, provided) for key, provided in declared if provided is not None])

    def _result(self, key: SourceKey, provided: Provided) -> Source:
        place = self._fetched.get(key) or (self._sources.place(key, provided.object) if key.kind in KINDS else Place())
        return _source(provided.object, provided.location, place)

    def _with_includes(self, node: Node, key: SourceKey, provided: Provided | None) -> Place | Failed | Skipped | Wait:
        """Return a source's place with those of the GitRepositories that it includes."""
        place = self._place(node, key, provided)
        if not isinstance(place, Place):
            return place
        included: list[Copy] = []
        for other, start, to in includes(provided.object if provided else None, key.namespace):
            known = self._registry.source(node.scope, other)
            if known is None and not self._sources.is_own(other):
                return Skipped(f"source {key} includes {other}, which nothing declares") if node.final else Wait.OBJECT
            found = self._place(node, other, known)
            if isinstance(found, Skipped):
                return Skipped(f"source {key} includes {found.reason.removeprefix('source ')}")
            if not isinstance(found, Place):
                return found
            included.append(Copy(found, start, to))
        return replace(place, included=tuple(included)) if included else place

    def _place(self, node: Node, key: SourceKey, provided: Provided | None) -> Place | Failed | Skipped | Wait:
        obj = provided.object if provided else None
        place = self._sources.place(key, obj)
        if place.directory is not None:
            return place
        made = self._made.get((node.scope, key))
        if made is not None:
            return made
        if key.kind not in FETCHED or obj is None or not scalar(mapping(obj, "spec"), "url"):
            return Skipped(f"source {place.said()}")
        fetched = self._fetching.artifact(node, obj)
        if isinstance(fetched, RenderError):
            field = ("spec.ref" if "ref" in mapping(obj, "spec") else "spec.url", provided)
            absent = replace(place, reason=f"source {place.reason}")
            return self._fetching.missing(node, f"source {named(key, obj)}", fetched, absent, field)
        if isinstance(fetched, Wait):
            return fetched
        found = self._artifact(key, fetched)
        if isinstance(found, Place):
            self._fetched[key] = found
        return found

    def _artifact(self, key: SourceKey, fetched: Fetched) -> Place | Skipped:
        if fetched.directory is not None:
            return Place(fetched.directory, fetched=True)
        try:
            return self._trees.unpacked(fetched.archive) if fetched.archive else Skipped(f"source {key} is empty")
        except TreeError as error:
            return Skipped(f"source {key}: {error.error.message}")

    def _unusable(self, node: Node, key: SourceKey | None, field: str) -> Failed:
        if key is None:
            message = "spec.sourceRef names no source, which Flux requires"
            return self._failures.at_field(node, "source-not-found", field, message, f"name one: {_kinds()}")
        message = f"source {key.name!r} kind {key.kind!r} not supported"
        return self._failures.at_field(node, "source-not-found", f"{field}.kind", message, f"use {_kinds()}")

    def _undeclared(self, node: Node, key: SourceKey, field: str) -> Place | Failed | Skipped | Wait:
        """Decide on a source that nothing declares, once nothing more can come."""
        if self._implicit and key.name == BOOTSTRAP_NAME:
            self._sources.adopt(key)
            return self._place(node, key, None)
        if not node.final:
            return Wait.OBJECT
        if self._implicit and self._undeclared_by_children() == {key}:
            self._sources.adopt(key)
            return self._place(node, key, None)
        if key.kind == "ExternalArtifact":
            return self._unmade(node, key, field)
        near = self._near(node, key)
        unknown = self._unknown_parts()
        if not near and unknown:
            return Skipped(f"source {key} is declared by nothing that was rendered; {unknown} may hold it")
        return self._not_found(node, key, near, field)

    def _unmade(self, node: Node, key: SourceKey, field: str) -> Place | Failed | Skipped | Wait:
        """Any controller may make an ExternalArtifact; one that is called much like one made here is a slip."""
        place = self._place(node, key, None)
        made = [other.name for scope, other in self._made if (scope, other.namespace) == (node.scope, key.namespace)]
        near = get_close_matches(key.name, made, n=2, cutoff=0.75) if isinstance(place, Skipped) else []
        if not near or key.name in made:
            return place
        message = f"source {key} not found: no ArtifactGenerator of the cluster makes it"
        remedy = f"did you mean {' or '.join(near)}?"
        return self._failures.at_field(node, "source-not-found", f"{field}.name", message, remedy)

    def _not_found(self, node: Node, key: SourceKey, near: list[str], field: str) -> Failed:
        there = ", ".join(str(other) for other in self._declared_names(node)) or "none"
        remedy = f"did you mean {' or '.join(near)}?" if near else f"declare it, or name one that is there: {there}"
        message = f"source {key} not found: nothing in the cluster declares it"
        return self._failures.at_field(node, "source-not-found", f"{field}.name", message, remedy)

    def _near(self, node: Node, key: SourceKey) -> list[str]:
        """Return what was probably meant: the name in another namespace or kind, else names that are alike."""
        declared = self._declared_names(node)
        same = [str(other) for other in declared if other.name == key.name]
        names = get_close_matches(key.name, {other.name for other in declared}, n=2, cutoff=0.75)
        return same or [str(other) for other in declared if other.name in names]

    def _declared_names(self, node: Node) -> list[SourceKey]:
        declared = [key for key, scope in self._registry.sources() if scope == node.scope and key.kind in KINDS]
        return declared + [key for key in self._sources.owned if key not in declared]

    def _undeclared_by_children(self) -> set[SourceKey]:
        """Return the sources that the entry's own Kustomizations name and nothing declares."""
        children = [node for node in self._nodes() if node.parent is not None and node.parent.parent is None]
        keys = {(node.scope, node.source) for node in children if node.source is not None}
        undeclared = {key for scope, key in keys if self._registry.source(scope, key) is None}
        return {key for key in undeclared if key.kind in KINDS and key.kind != "ExternalArtifact"}

    def _unknown_parts(self) -> str | None:
        """Say which parts of the cluster Git alone doesn't tell, None where there are none."""
        if self._implicit:
            return "what the cluster was bootstrapped with"
        unknown = [node.title for node in self._nodes() if node.is_unknown]
        if not unknown:
            return None
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        return f"{unknown[0]}{more}, which {'were' if more else 'was'} not rendered,"


def _bare(key: SourceKey, place: Place) -> Source:
    metadata = {"name": key.name, "namespace": key.namespace}
    obj: JsonObject = {"apiVersion": f"{SOURCE_GROUP}/v1", "kind": key.kind, "metadata": metadata}
    return _source(obj, None, place)


def _source(obj: JsonObject, location: Location | None, place: Place) -> Source:
    reason = None if place.directory is not None or place.reason is None else place.said()
    return Source(ResourceId.of(obj), obj, location, place.directory, reason)


def _kinds() -> str:
    return ", ".join(KINDS)
