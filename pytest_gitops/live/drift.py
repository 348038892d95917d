"""What was changed behind Flux's back, and whether it is as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_gitops.model import JsonObject


@dataclass(frozen=True, slots=True)
class Drift:
    """An object as it was before it was changed by ``patch``, a merge patch, or deleted (None)."""

    before: JsonObject
    patch: JsonObject | None

    def is_restored(self, now: JsonObject | None) -> bool:
        """Return whether the object is back, or has the fields again that were changed."""
        if now is None:
            return False
        if self.patch is None:
            return bool(now["metadata"]["uid"] != self.before["metadata"]["uid"])
        return _agrees(self.before, now, self.patch)


def _agrees(before: Any, now: Any, patch: Any) -> bool:
    """Tell whether two objects agree in the fields that a merge patch names."""
    if not isinstance(patch, dict):
        return bool(before == now)
    old, new = (value if isinstance(value, dict) else {} for value in (before, now))
    return all(_agrees(old.get(key), new.get(key), below) for key, below in patch.items())
