"""Which providers of clusters there are."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.existing import ExistingProvider
from pytest_gitops.live.hermetic.provider import HermeticProvider
from pytest_gitops.live.kind.provider import KindProvider
from pytest_gitops.live.provider import Provider
from pytest_gitops.live_options import LiveOptions

PROVIDERS: dict[str, Callable[[LiveOptions], Provider]] = {
    "hermetic": lambda _options: HermeticProvider(),
    "kind": KindProvider,
    "existing": ExistingProvider,
}


def provider(chosen: str | LiveOptions) -> Provider:
    """Return the provider that options choose, or the one of a name with what it does by default.

    Raises LiveError, listing the choices, for another name.
    """
    options = LiveOptions(chosen) if isinstance(chosen, str) else chosen
    if options.provider not in PROVIDERS:
        near = get_close_matches(options.provider, PROVIDERS, n=1)
        hint = f"did you mean {near[0]}?" if near else "there are: " + ", ".join(PROVIDERS)
        raise LiveError(f"there is no cluster provider {options.provider!r}; {hint}")
    return PROVIDERS[options.provider](options)
