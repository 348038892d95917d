"""What happened in a live cluster that checks were made in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """A Flux object's Ready condition as it came to be, ``seconds`` after the watch began.

    ``name`` is ``namespace/name`` for a Kustomization and ``Kind/namespace/name`` for all others; ``ready`` is the
    condition's status: ``True``, ``False`` or ``Unknown``.
    """

    seconds: float
    name: str
    ready: str
    reason: str
    message: str
    revision: str

    def __str__(self) -> str:
        state = {"True": "ready", "False": "not ready", "Unknown": "in progress"}[self.ready]
        return f"{self.seconds:6.1f} s  {self.name}: {state}, {self.reason}: {self.message}"


@dataclass(frozen=True, slots=True)
class LiveRun:
    """One cluster of the fleet as a live check tried it: where, what wasn't real in there, and what became of it.

    ``check`` is ``apply`` or ``reconcile``, ``description`` the programs and their versions. ``simulated`` is what only
    pretends, ``assumed`` names objects of Flux's that were taken for Ready and ``open`` kinds of which anything was
    taken, for what defines them could not be had. ``timeline`` is empty for ``apply``.
    """

    check: str
    cluster: str
    description: str
    simulated: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    timeline: tuple[Moment, ...] = ()
