"""What is there before what: the Kustomizations that a Kustomization comes after."""

from __future__ import annotations

from collections import defaultdict

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.graph._dependencies import dependencies
from pytest_gitops.model import Kustomization, Part


class Order:
    """The order in which Flux applies a cluster's parts, as far as it is settled.

    A part comes after its dependencies, after its ancestors, and after all those come after. What a
    dependency declares counts as before it as well: with ``wait`` Flux sees to that, and without it the race is
    the author's choice.
    """

    def __init__(self, cluster: ClusterIndex) -> None:
        self._by_name = {part.name: part for part in cluster.cluster.parts}
        self._children: dict[str, list[str]] = defaultdict(list)
        for part in cluster.cluster.parts:
            if part.parent:
                self._children[part.parent].append(part.name)
        self._before: dict[str, frozenset[str]] = {}

    def settled(self, first: Part, second: Part) -> bool:
        """Return whether the first is applied before the second, or they are one."""
        return first.name == second.name or first.name in self.before(second.name)

    def before(self, name: str) -> frozenset[str]:
        """Return the names of all that come before a part; in a cycle, all of the cycle."""
        if name not in self._before:
            found: set[str] = set()
            todo = list(self._directly_before(name))
            while todo:
                each = todo.pop()
                if each not in found:
                    found.add(each)
                    todo.extend(self._directly_before(each))
            self._before[name] = frozenset(found)
        return self._before[name]

    def _directly_before(self, name: str) -> list[str]:
        part = self._by_name.get(name)
        if part is None:
            return []
        found = [part.parent] if part.parent else []
        for dependency in dependencies(part):
            found.append(dependency.part)
            found.extend(self._descendants(dependency.part))
        return found

    def carrier(self, part: Part) -> Part:
        """Return the Kustomization that a part is, or is declared by."""
        while not isinstance(part, Kustomization) and part.parent in self._by_name:
            part = self._by_name[part.parent]
        return part

    def _descendants(self, name: str) -> list[str]:
        found: dict[str, None] = {}
        todo = list(self._children.get(name, ()))
        while todo:
            each = todo.pop()
            if each not in found:
                found[each] = None
                todo.extend(self._children.get(each, ()))
        return list(found)
