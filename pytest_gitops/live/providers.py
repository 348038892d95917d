"""Which providers of clusters there are."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.hermetic.provider import HermeticProvider
from pytest_gitops.live.provider import Provider

PROVIDERS: dict[str, Callable[[], Provider]] = {"hermetic": HermeticProvider}
DEFAULT = "hermetic"


def provider(name: str) -> Provider:
    """Return the provider of this name; raises LiveError, listing the choices, for another one."""
    if name not in PROVIDERS:
        near = get_close_matches(name, PROVIDERS, n=1)
        hint = f"did you mean {near[0]}?" if near else "there are: " + ", ".join(PROVIDERS)
        raise LiveError(f"there is no cluster provider {name!r}; {hint}")
    return PROVIDERS[name]()
