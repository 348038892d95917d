"""What rules hit, and the findings that come of it, by the item they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_gitops.checks.context import ClusterIndex, FleetIndex
from pytest_gitops.checks.rule import Rule, Violation
from pytest_gitops.model import (
    Finding,
    LiveRun,
    Moment,
    Overlay,
    Part,
    Resource,
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A violation, by whom and where it was found.

    The cluster is None for a file that no cluster reads; ``overlay`` is then one that does, if any.
    """

    rule: Rule
    violation: Violation
    cluster: ClusterIndex | None
    part: Part | None = None
    subject: Resource | Part | None = None
    overlay: Overlay | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """What a finding is told for: a check of a part of the fleet.

    The part is a part of a cluster (``namespace/name`` for a Kustomization, ``Kind/namespace/name`` else), a cluster
    (``part`` is None), or an overlay (its path; ``cluster`` is None).
    """

    check: str
    cluster: str | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Untried:
    """What a judge could not try, and why: its item is skipped with that reason."""

    item: Item
    reason: str


Judge = Callable[[FleetIndex, Sequence[Rule]], Iterable[Hit | Untried | LiveRun]]


class Results:
    """The findings of a run, by item. A finding that several items share is one value with all its clusters.

    ``untried`` are the items that say nothing, each with the reason; ``live`` are the live clusters that were asked.
    """

    def __init__(
        self,
        findings: Iterable[tuple[Finding, tuple[Item, ...]]],
        untried: Mapping[Item, str] | None = None,
        live: Iterable[LiveRun] = (),
    ) -> None:
        self._findings = tuple(findings)
        self._untried = dict(untried or {})
        self.live = tuple(live)
        self._items = {id(finding): items for finding, items in self._findings}
        self._by_item: dict[Item, list[Finding]] = defaultdict(list)
        for finding, items in self._findings:
            for item in items:
                self._by_item[item].append(finding)

    def items(self, finding: Finding) -> tuple[Item, ...]:
        """Return the items that share a finding, in the fleet's order; raises KeyError for a foreign finding."""
        return self._items[id(finding)]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, once."""
        return tuple(finding for finding, _ in self._findings)

    def __reduce__(self) -> tuple[type[Results], tuple[object, ...]]:
        return Results, (self._findings, self._untried, self.live)

    def untried(self, item: Item) -> str | None:
        """Return why an item says nothing, None where it does."""
        return self._untried.get(item)

    def timeline(self, item: Item) -> tuple[Moment, ...]:
        """Return what a live cluster saw of an item's part, oldest first."""
        runs = (run for run in self.live if (run.check, run.cluster) == (item.check, item.cluster))
        return tuple(moment for run in runs for moment in run.timeline if moment.name == item.part)

    def of(self, item: Item) -> tuple[Finding, ...]:
        """Return the findings of one item."""
        return tuple(self._by_item.get(item, ()))
