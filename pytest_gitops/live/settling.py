"""Waits until all of a live cluster has come to an end: is Ready, has failed for good, or waits for what has."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from pytest_gitops.live.readiness import WAITING
from pytest_gitops.live.scenario import LiveCluster

# A health check that names what it waited for has looked for long enough; what else fails has looked once.
UNHEALTHY = "HealthCheckFailed"
NAMES = "["
# Flux's last look at what it waits for may fall into the moment its time is over, where waits and looks are multiples
# of each other: then its client's limit is all it tells. How often such a check is made anew.
LOOKS = 3
# How many were Ready when something that fails was tried with care.
NEVER = -1
QUIET_SECONDS = 2.0
LONG_QUIET_SECONDS = 10.0
PROGRESSING = "Progressing"
GIVEN_UP = ("timeout waiting", "would exceed context deadline", "not found", "NotFound")
POLL_SECONDS = 0.5


class State(Enum):
    """What became of a Kustomization or HelmRelease."""

    READY = "ready"
    FAILED = "failed"
    WAITS = "waits"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class End:
    """How a part ended: its state, and Flux's own reason and message."""

    state: State
    reason: str = ""
    message: str = ""


def settle(
    live: LiveCluster, parents: Mapping[str, str | None], seconds: float, unknowable: Mapping[str, str] | None = None
) -> dict[str, End]:
    """Return how each of the parts ended, after at most ``seconds``; ``parents`` names each with who declares it.

    ``unknowable`` are parts that may wait for what never comes here, each with the reason: they wait for that then.

    What fails is tried again once everything else is done, as its cause may have been that something came later; so it
    is each time that more has become Ready, and where Flux didn't tell what it waited for. What such a try leaves open
    has ended as it did before. Raises LiveError where one of the cluster's programs has ended.
    """
    reasons = unknowable or {}
    vain = set(reasons.values())
    deadline = time.monotonic() + seconds
    tried: dict[str, int] = {}
    asked: dict[str, list[End]] = {name: [] for name in parents}
    before: dict[str, End] = {}
    quiet = time.monotonic()
    while time.monotonic() < deadline:
        live.check_running()
        ends = _ends(live, parents, reasons)
        patience = LONG_QUIET_SECONDS if any(end.message in vain for end in ends.values()) else QUIET_SECONDS
        ready = sum(end.state is State.READY for end in ends.values())
        if ready == len(ends):
            return ends
        for name, end in ends.items():
            if end.state is State.FAILED:
                tried.setdefault(name, ready if end.reason == UNHEALTHY and not _is_cut_off(end) else NEVER)
        if ends != before:
            before, quiet = ends, time.monotonic()
        elif _is_done(ends) and time.monotonic() - quiet > patience:
            failed = {name: end for name, end in ends.items() if end.state is State.FAILED}
            again = [
                name
                for name, end in failed.items()
                if tried[name] < ready or (_is_cut_off(end) and len(asked[name]) < LOOKS)
            ]
            if not again:
                return ends
            for name in again:
                live.reconcile(name)
                tried[name] = ready
                asked[name].append(failed[name])
            quiet = time.monotonic()
        live.wait_for_change(POLL_SECONDS)
    ends = _ends(live, parents, reasons)
    return {
        name: asked[name][-1] if end.state is State.UNFINISHED and asked[name] else end for name, end in ends.items()
    }


def _is_cut_off(end: End) -> bool:
    """Tell whether a health check failed without a word of what it waited for."""
    return end.reason == UNHEALTHY and NAMES not in end.message


def _is_done(ends: Mapping[str, End]) -> bool:
    return all(end.state is not State.UNFINISHED for end in ends.values())


def _ends(live: LiveCluster, parents: Mapping[str, str | None], reasons: Mapping[str, str]) -> dict[str, End]:
    """Return how far each part is; one that isn't there waits for its parent where that one isn't Ready."""
    ends: dict[str, End] = {}
    for name, parent in parents.items():
        end = _end(live, name)
        if name in reasons and _is_in_vain(end):
            end = End(State.WAITS, end.reason, reasons[name])
        above = ends.get(parent) if parent is not None else None
        if end.state is State.UNFINISHED and above is not None and above.state in (State.FAILED, State.WAITS):
            end = End(State.WAITS, "", f"{parent}, which declares it, is not ready")
        ends[name] = end
    return ends


def _is_in_vain(end: End) -> bool:
    """Tell whether something waits for what isn't there, or has given up."""
    if end.state is State.FAILED:
        return any(words in end.message for words in GIVEN_UP)
    return end.state is State.UNFINISHED and end.reason == PROGRESSING


def _end(live: LiveCluster, name: str) -> End:
    told = live.ready(name)
    if told is None:
        return End(State.UNFINISHED, "", "Flux says nothing of it yet")
    status, reason, message, _revision = told
    if status == "True":
        return End(State.READY, reason, message)
    if reason == WAITING:
        return End(State.WAITS, reason, message)
    return End(State.FAILED if status == "False" else State.UNFINISHED, reason, message)
