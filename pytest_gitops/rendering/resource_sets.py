"""What the engine is asked about ResourceSets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering.protocol import Work


@dataclass(frozen=True, slots=True)
class InputProvider:
    """What gives a ResourceSet its inputs: ``sets`` of them, or the default values of a provider of the type Static."""

    name: str
    sets: Sequence[JsonObject] = ()
    static: JsonObject | None = None

    def parameters(self) -> JsonObject:
        """Return what the engine is told."""
        return {"name": self.name, "sets": list(self.sets), "static": self.static}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ResourceSetRequest(Work):
    """Render a ResourceSet with the inputs of its providers, its own first: its objects as JSON texts."""

    method: ClassVar[str] = "resourceset"

    resource_set: JsonObject
    providers: Sequence[InputProvider] = field(default=(), repr=False)

    def parameters(self, tree: int) -> JsonObject:
        """Return all that shapes the render."""
        return {"object": self.resource_set, "providers": [provider.parameters() for provider in self.providers]}

    def answer(self, result: JsonObject) -> Any:
        """Return the objects of all steps, in their order, each with the field that holds its template."""
        return tuple((given["object"], given["field"]) for step in result["steps"] for given in step["objects"])
