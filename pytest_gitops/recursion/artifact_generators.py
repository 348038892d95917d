"""What source-watcher does with an ArtifactGenerator: it makes ExternalArtifacts of what other sources hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pytest_gitops.model import Failed, JsonObject, Rendered, Resource, ResourceId, Skipped
from pytest_gitops.objects import listed, name_of, scalar
from pytest_gitops.recursion.charts import Charts
from pytest_gitops.recursion.node import Inputs, Key, Kind, Node, Wait
from pytest_gitops.recursion.registry import SOURCE_GROUP
from pytest_gitops.recursion.state import State
from pytest_gitops.rendering import Done, RenderError, TreeError
from pytest_gitops.sources import KINDS, Copy, Place, SourceKey

GROUP = "source.extensions.fluxcd.io"
STRATEGIES = ("Overwrite", "Merge", "Extract")
_API = f"{SOURCE_GROUP}/v1"


@dataclass(frozen=True, slots=True)
class GeneratorInputs(Inputs):
    """Where the sources are, by alias."""

    sources: tuple[tuple[str, Place], ...]


class ArtifactGenerators(Kind):
    """Composes ExternalArtifacts; a generator that fails hands its failure to whoever needs what it makes."""

    group = GROUP
    makes_sources = True
    holds_anything = False

    def __init__(self, state: State, charts: Charts) -> None:
        self._state = state
        self._charts = charts

    def uses(self, node: Node) -> Iterable[Key]:
        """Return its sources."""
        for _alias, key in _sources(node):
            yield (node.scope, key.kind, key.namespace, key.name)

    def plan(self, node: Node) -> Inputs | Failed | Skipped | Wait:
        """Find its sources."""
        found: list[tuple[str, Place]] = []
        for index, (alias, key) in enumerate(_sources(node)):
            place = self._place(node, key, f"spec.sources[{index}]")
            if not isinstance(place, Place):
                return place if isinstance(place, Wait) else self._ended(node, place)
            found.append((alias, place))
        return GeneratorInputs(node.object, Place(), tuple(found))

    def request(self, node: Node, inputs: Inputs, tag: Callable[[Done], None]) -> Rendered:
        """Return the ExternalArtifacts; the files of each are put together when somebody needs them."""
        assert isinstance(inputs, GeneratorInputs)  # noqa: S101  (they are this kind's own)
        sources = dict(inputs.sources)
        made: list[Resource] = []
        for index, artifact in enumerate(listed(node.spec, "artifacts")):
            name = scalar(artifact, "name")
            if name:
                self._state.sourcing.make(node.scope, _key(node, name), self._made(node, index, artifact, sources))
                made.append(_external_artifact(node, name))
        return Rendered(tuple(made))

    def accept(self, node: Node, answer: Any) -> Rendered:
        """Return what was made; nothing is asked of a renderer."""
        raise NotImplementedError

    def failed(self, node: Node, error: RenderError) -> Failed | Skipped:
        """Say what of its spec is at fault."""
        return self._state.failures.at_field(node, error.code, error.field or "spec", error.message, error.remedy)

    def result(self, node: Node) -> None:
        """Return nothing: it applies no objects."""

    def _place(self, node: Node, key: SourceKey, field: str) -> Place | Failed | Skipped | Wait:
        if key.kind == "HelmChart":
            return self._charts.unpacked(node, key)
        if key.kind not in KINDS:
            return Skipped(f"its source {key} is of a kind that Flux doesn't know")
        return self._state.sourcing.locate(node, key, field=field)

    def _ended(self, node: Node, outcome: Failed | Skipped) -> Failed | Skipped:
        """Hand on why a generator makes nothing."""
        for artifact in listed(node.spec, "artifacts"):
            name = scalar(artifact, "name")
            said = Skipped(f"{node.title} makes it: {outcome.reason}") if isinstance(outcome, Skipped) else outcome
            key = _key(node, name)
            if self._state.sourcing.make(node.scope, key, said):
                self._state.changed([(node.scope, key.kind, key.namespace, key.name)])
        return outcome

    def _made(self, node: Node, index: int, artifact: JsonObject, sources: dict[str, Place]) -> Place | Failed:
        copies = []
        for number, operation in enumerate(listed(artifact, "copy")):
            field = f"spec.artifacts[{index}].copy[{number}]"
            copy = _copy(operation, sources, field)
            if isinstance(copy, str):
                return self._state.failures.at_field(node, "artifact", field, copy)
            copies.append(copy)
        place = Place(included=tuple(copies), composed=True)
        try:
            self._state.trees.open(place)
        except TreeError as error:
            failed = self.failed(node, error.error)
            assert isinstance(failed, Failed)  # noqa: S101  (a generator's errors are failures)
            return failed
        return place


def _sources(node: Node) -> Iterator[tuple[str, SourceKey]]:
    for source in listed(node.spec, "sources"):
        namespace = scalar(source, "namespace") or node.namespace
        yield scalar(source, "alias"), SourceKey(scalar(source, "kind"), namespace, scalar(source, "name"))


def _copy(operation: Any, sources: dict[str, Place], field: str) -> Copy | str:
    """Return a copy operation, or what is wrong with it."""
    start, to = scalar(operation, "from"), scalar(operation, "to")
    alias, slash, path = start.removeprefix("@").partition("/")
    said = f"{start} to {to}"
    if not start.startswith("@") or not slash:
        return f"can't copy {said}: from must be @alias/path"
    if alias not in sources:
        return f"can't copy {said}: there is no source with the alias {alias!r}, only {', '.join(sources) or 'none'}"
    if not to.startswith("@artifact/"):
        return f"can't copy {said}: to must start with @artifact/"
    if ".." in to.split("/"):
        return f"can't copy {said}: to must not leave the artifact"
    strategy = scalar(operation, "strategy") or STRATEGIES[0]
    if strategy not in STRATEGIES:
        return f"can't copy {said}: there is no strategy {strategy}, only {', '.join(STRATEGIES)}"
    return Copy(
        sources[alias],
        path,
        to.removeprefix("@artifact/"),
        strategy=strategy,
        exclude=tuple(str(pattern) for pattern in listed(operation, "exclude")),
        optional=operation.get("optional") is True,
        said=said,
        field=f"{field}.from",
    )


def _key(node: Node, name: str) -> SourceKey:
    return SourceKey("ExternalArtifact", node.namespace, name)


def _external_artifact(node: Node, name: str) -> Resource:
    obj = {
        "apiVersion": _API,
        "kind": "ExternalArtifact",
        "metadata": {"name": name, "namespace": node.namespace},
        "spec": {"sourceRef": {"apiVersion": node.object.get("apiVersion"), "kind": "ArtifactGenerator",
                               "name": name_of(node.object), "namespace": node.namespace}},
    }  # fmt: skip
    return Resource(id=ResourceId.of(obj), api_version=_API, text=json.dumps(obj, sort_keys=True))
