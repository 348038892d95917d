"""What Flux says of its objects at the last commit, out of what the timeline saw."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from pytest_gitops.live.timeline import observed, ready, revision
from pytest_gitops.model import JsonObject, Source

WAITING = "DependencyNotReady"
Told = tuple[str, str, str, str]


class Readiness:
    """Reads Flux's objects as they were last seen.

    ``objects`` returns them by name, ``tip`` the id of the last commit; ``sources`` follow the repository.
    """

    def __init__(
        self, objects: Callable[[], Mapping[str, JsonObject]], tip: Callable[[], str], sources: Collection[Source]
    ) -> None:
        self._objects = objects
        self._tip = tip
        self._sources = {(source.id.kind, source.id.namespace, source.id.name) for source in sources}

    def at_last_commit(self, key: str) -> Told | None:
        """Return status, reason, message and revision of an object's Ready condition.

        None while it is about what was there before. One that waits for a dependency was not tried with the commit
        yet, which is what its condition says.
        """
        obj = self._objects().get(key)
        told = ready(obj) if obj is not None else None
        if obj is None or told is None or told[1] == WAITING:
            return told
        if observed(obj) != obj["metadata"].get("generation"):
            return None
        follows = obj["kind"] == "Kustomization" and self._is_own(obj)
        return None if follows and self._tip() not in revision(obj) else told

    def failing(self, key: str) -> bool:
        """Return whether an object has failed, be it at the last commit or before."""
        told = self._told(key)
        return told is not None and told[0] == "False" and told[1] != WAITING

    def state(self, keys: Collection[str]) -> str:
        """Return what Flux says of objects, a line each."""
        told = {key: self._told(key) for key in keys}
        lines = (" ".join(said[:3]) if said else "nothing is said of it yet" for said in told.values())
        return "\n".join(f"  {key}: {line}" for key, line in zip(told, lines, strict=True))

    def _told(self, key: str) -> Told | None:
        obj = self._objects().get(key)
        return ready(obj) if obj is not None else None

    def _is_own(self, obj: JsonObject) -> bool:
        reference = obj["spec"].get("sourceRef") or {}
        namespace = reference.get("namespace") or obj["metadata"]["namespace"]
        return (reference.get("kind"), namespace, reference.get("name")) in self._sources
