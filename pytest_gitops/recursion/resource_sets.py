"""What flux-operator does with a ResourceSet: it renders templates with the inputs that are there."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pytest_gitops.model import Failed, JsonObject, Rendered, Resource, ResourceId, ResourceSet, Skipped
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.recursion.input_providers import GROUP, find_providers
from pytest_gitops.recursion.node import Inputs, Key, Kind, Node, Wait
from pytest_gitops.recursion.registry import PROVIDER, Provided
from pytest_gitops.recursion.state import State
from pytest_gitops.rendering import Done, RenderError
from pytest_gitops.rendering.resource_sets import InputProvider, ResourceSetRequest
from pytest_gitops.sources import Place
from pytest_gitops.variables import COPY, Reference, placeholder

DOCKER_CONFIG = ".dockerconfigjson"
# The keys that the API server asks for in a Secret, by its type.
_NEEDED = {
    "kubernetes.io/dockerconfigjson": (DOCKER_CONFIG,),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/basic-auth": ("username", "password"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_COPIED = re.compile(rf'"{re.escape(COPY)}": "([^"/<]+)/([^"<]+)"')


@dataclass(frozen=True, slots=True)
class SetInputs(Inputs):
    """The sets of inputs by provider, and what is copied from other objects of the cluster."""

    providers: tuple[InputProvider, ...]
    copies: tuple[tuple[str, JsonObject], ...]


class ResourceSets(Kind):
    """Renders each ResourceSet with its own inputs and those that its providers export."""

    group = GROUP

    def __init__(self, state: State) -> None:
        self._state = state

    def uses(self, node: Node) -> Iterable[Key]:
        """Return its providers, and what its objects are copied from."""
        for entry in listed(node.spec, "inputsFrom"):
            yield (node.scope, PROVIDER, node.namespace, scalar(entry, "name"))
        for kind, namespace, name in _copied(node):
            yield (node.target, kind, namespace, name)

    def plan(self, node: Node) -> Inputs | Failed | Skipped | Wait:
        """Find its inputs, and what its objects are copied from."""
        providers = find_providers(self._state, node)
        if not isinstance(providers, tuple):
            return providers
        copies = []
        for kind, namespace, name in _copied(node):
            provided = self._copy(node, kind, namespace, name)
            if provided is not None:
                copies.append((f"{kind}/{namespace}/{name}", provided.object))
        if len(copies) * 2 < len(list(_copied(node))) and not node.final:
            return Wait.OBJECT
        return SetInputs(node.object, Place(), providers, tuple(copies))

    def request(self, node: Node, inputs: Inputs, tag: Callable[[Done], None]) -> ResourceSetRequest:
        """Return its render."""
        assert isinstance(inputs, SetInputs)  # noqa: S101  (they are this kind's own)
        return ResourceSetRequest(resource_set=node.object, providers=inputs.providers, tag=tag)

    def accept(self, node: Node, answer: Any) -> Rendered:
        """Return its objects, with the data of those that are copied."""
        assert isinstance(node.inputs, SetInputs)  # noqa: S101  (it was asked for)
        copies = dict(node.inputs.copies)
        return Rendered(tuple(_resource(_filled(json.loads(text), copies), field) for text, field in answer))

    def failed(self, node: Node, error: RenderError) -> Failed | Skipped:
        """Say which template is wrong, and where."""
        if error.code == "unsupported":
            return Skipped(f"ResourceSets are not rendered: {error.message}")
        return self._state.failures.of_build(node, error, lambda path: path)

    def result(self, node: Node) -> ResourceSet:
        """Return the ResourceSet."""
        return ResourceSet(
            id=ResourceId.of(node.object),
            object=node.object,
            location=node.location,
            outcome=node.settled,
            parent=node.parent.name if node.parent else None,
            chain=node.chain,
        )

    def _copy(self, node: Node, kind: str, namespace: str, name: str) -> Provided | None:
        return self._state.registry.provider(node.target, namespace, Reference(kind, name))


def _copied(node: Node) -> Iterator[tuple[str, str, str]]:
    """Yield the objects that those of a ResourceSet are copied from, as far as no template names them."""
    for namespace, name in dict.fromkeys(_COPIED.findall(json.dumps(node.spec))):
        yield "ConfigMap", namespace, name
        yield "Secret", namespace, name


def _filled(obj: JsonObject, copies: dict[str, JsonObject]) -> JsonObject:
    """Return an object with the data that flux-operator copies into it.

    Where they aren't known it says that it is copied, and a Secret has the keys that its type asks for.
    """
    origin = scalar(mapping(obj, "metadata", "annotations"), COPY)
    if not origin:
        return obj
    source = copies.get(f"{obj.get('kind')}/{origin}")
    if source is None:
        needed = {key: _encoded(key) for key in _NEEDED.get(scalar(obj, "type"), ())}
        return {**obj, "data": needed | mapping(obj, "data")} if needed else obj
    copied: JsonObject = {key: source[key] for key in ("data", "stringData", "binaryData", "type") if key in source}
    annotations = {k: v for k, v in mapping(obj, "metadata", "annotations").items() if k != COPY}
    return {**obj, **copied, "metadata": {**mapping(obj, "metadata"), "annotations": annotations}}


def _encoded(key: str) -> str:
    text = placeholder(key.lstrip("."))
    if key == DOCKER_CONFIG:
        text = json.dumps({"auths": {text: {}}})
    return base64.b64encode(text.encode()).decode()


def _resource(obj: JsonObject, field: str) -> Resource:
    text = json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Resource(id=ResourceId.of(obj), api_version=str(obj.get("apiVersion")), text=text, field=field)
