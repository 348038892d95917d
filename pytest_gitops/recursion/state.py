"""What the kinds of one cluster share while it is being followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pytest_gitops.recursion.failures import Failures
from pytest_gitops.recursion.fetching import Fetching
from pytest_gitops.recursion.node import Key, Name, Node
from pytest_gitops.recursion.registry import Registry
from pytest_gitops.recursion.settings import ClusterSettings, Surroundings
from pytest_gitops.recursion.sourcing import Sourcing
from pytest_gitops.recursion.trees import Trees


@dataclass(slots=True)
class State:
    """One cluster as far as it is known.

    ``version`` is its Flux version, ``strict`` whether an unset variable is an error there. ``replan`` plans a node
    again, as one does when work it waited for is done; ``changed`` plans those again that use objects.
    """

    settings: ClusterSettings
    nodes: Mapping[Name, Node]
    registry: Registry
    sourcing: Sourcing
    fetching: Fetching
    failures: Failures
    around: Surroundings
    replan: Callable[[Node], None]
    changed: Callable[[Iterable[Key]], None]
    version: str | None = None
    strict: bool = True

    @property
    def trees(self) -> Trees:
        """The views of local directories."""
        return self.around.trees

    def has_unknown_parts(self) -> bool:
        """Tell whether something of the cluster that may hold just anything could not be rendered."""
        return any(node.is_unknown for node in self.nodes.values())
