"""What ``substituteFrom`` of each Kustomization of a cluster finds there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pytest_gitops.recursion.node import Key, Node
from pytest_gitops.recursion.registry import Registry
from pytest_gitops.rendering import VariableSource
from pytest_gitops.variables import UNKNOWN, references


class Substitution:
    """Answers ``substituteFrom`` from what the cluster's Kustomizations render.

    ``values`` are the user's, for variables that Git can't tell.
    """

    def __init__(self, registry: Registry, values: Mapping[str, str]) -> None:
        self._registry = registry
        self._given = values

    def keys(self, node: Node) -> list[Key]:
        """Return what a Kustomization's variables come from."""
        return [(node.scope, ref.kind, node.namespace, ref.name) for ref in references(node.object)]

    def answers(self, node: Node, unknown_parts: Callable[[], bool]) -> tuple[VariableSource, ...] | None:
        """Return what a Kustomization's ``substituteFrom`` finds, None while it has to wait for some of it.

        Once nothing more can come, an optional object that nothing makes is absent, unless a part of the cluster
        that could not be rendered may make it; a required one has values that Git can't tell.
        """
        answers = []
        for reference in references(node.object):
            values = self._registry.values(node.scope, node.namespace, reference)
            if values is None:
                if not node.final:
                    return None
                if reference.optional and not self._given and not unknown_parts():
                    continue
            answers.append((values or UNKNOWN).source(reference, self._given))
        return tuple(answers)

    def missing(self, nodes: Iterable[Node]) -> dict[str, set[str]]:
        """Return what is required and nothing renders, with who requires it: someone makes it, or the cluster does."""
        found: dict[str, set[str]] = {}
        for node in nodes:
            for reference in references(node.object) if node.inputs is not None else ():
                if not reference.optional and self._registry.values(node.scope, node.namespace, reference) is None:
                    name = f"{reference.kind}/{node.namespace}/{reference.name}"
                    found.setdefault(name, set()).add(node.label)
        return found

    def placeholders(self, node: Node) -> dict[str, str]:
        """Return the stand-ins for keys that Git names without their values, by variable."""
        result: dict[str, str] = {}
        for reference in references(node.object):
            values = self._registry.values(node.scope, node.namespace, reference)
            if values is not None:
                given = values.source(reference, self._given).values
                result |= {name: given[name] for name in values.hidden if name not in self._given}
        return result
