"""Where a ResourceSet gets its inputs from, as far as Git tells."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_gitops.model import Failed, JsonObject, Skipped
from pytest_gitops.objects import listed, mapping, name_of, namespace_of, scalar
from pytest_gitops.recursion.node import Node, Wait
from pytest_gitops.recursion.registry import PROVIDER
from pytest_gitops.recursion.state import State
from pytest_gitops.rendering.resource_sets import InputProvider
from pytest_gitops.selectors import selects

GROUP = "fluxcd.controlplane.io"


def find_providers(state: State, node: Node) -> tuple[InputProvider, ...] | Failed | Skipped | Wait:
    """Return a ResourceSet's own inputs and those of the providers that it names or selects, in their order.

    Those of a provider that asks a forge or a registry are what the user gives for it; Git can't tell them.
    """
    own = tuple(one for one in listed(node.spec, "inputs") if isinstance(one, dict))
    found = [InputProvider(name_of(node.object), own)]
    for index, entry in enumerate(listed(node.spec, "inputsFrom")):
        objects = list(_objects(state, node, entry))
        if not objects and not node.final:
            return Wait.OBJECT
        if not objects and scalar(entry, "name"):
            return _missing(state, node, index, scalar(entry, "name"))
        for obj in objects:
            provider = _provider(state, obj)
            if isinstance(provider, Skipped):
                return provider
            found.append(provider)
    return tuple(found)


def _objects(state: State, node: Node, entry: JsonObject) -> Iterable[JsonObject]:
    """Yield the providers that an entry of ``spec.inputsFrom`` means, in the order of their names."""
    providers = state.registry.input_providers(node.scope, node.namespace)
    if name := scalar(entry, "name"):
        return [obj for obj in providers if name_of(obj) == name]
    selector = mapping(entry, "selector")
    return [obj for obj in providers if selects(selector, mapping(obj, "metadata", "labels"))]


def _provider(state: State, obj: JsonObject) -> InputProvider | Skipped:
    name = f"{namespace_of(obj)}/{name_of(obj)}"
    spec = mapping(obj, "spec")
    given = state.settings.inputs.get(name)
    if given is not None:
        defaults = mapping(spec, "defaultValues")
        return InputProvider(name_of(obj), tuple({**defaults, **one} for one in given))
    if scalar(spec, "type") != "Static":
        asks = scalar(spec, "type") or "a service"
        return Skipped(
            f"{PROVIDER}/{name} asks {asks} for inputs, which Git can't tell: give some as inputs of the configuration"
        )
    return InputProvider(name_of(obj), static=mapping(spec, "defaultValues"))


def _missing(state: State, node: Node, index: int, name: str) -> Failed | Skipped:
    message = f"{PROVIDER} {node.namespace}/{name} not found: nothing in the cluster declares it"
    if state.has_unknown_parts():
        return Skipped(f"{PROVIDER} {node.namespace}/{name} is declared by nothing that was rendered")
    there = ", ".join(name_of(obj) for obj in state.registry.input_providers(node.scope, node.namespace)) or "none"
    remedy = f"declare it, or name one of the namespace's: {there}"
    return state.failures.at_field(node, "inputs-not-found", f"spec.inputsFrom[{index}].name", message, remedy)
