"""What a run may fetch over the network."""

from __future__ import annotations

import os
from dataclasses import dataclass

OFFLINE_VARIABLE = "GITOPS_OFFLINE"


@dataclass(frozen=True, slots=True)
class Network:
    """What may be fetched: by default the sources, charts and remote bases a repository names, from public addresses.

    ``offline`` takes everything from the cache. ``private`` allows addresses that are not public, such as those of
    the own network. ``hosts`` limits to these host names, None allows all. ``refresh`` asks again what branches,
    version ranges and chart indexes lead to, however short ago that was asked. ``strict`` says that a source which
    can't be had is a failure, not a skip: it concerns whoever asks, the fetching itself always says what is wrong.
    """

    offline: bool = False
    private: bool = False
    hosts: frozenset[str] | None = None
    refresh: bool = False
    strict: bool = False


def offline_by_environment() -> bool:
    """Return whether the environment variable GITOPS_OFFLINE says that nothing may be fetched."""
    return os.environ.get(OFFLINE_VARIABLE, "").strip().lower() not in {"", "0", "false", "no"}
