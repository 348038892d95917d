"""What exemptions excuse, and what is wrong with the exemptions themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase

from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.results import Hit
from pytest_gitops.checks.rule import Rule
from pytest_gitops.checks.selection import Exemption, Selection, annotated
from pytest_gitops.model import (
    Finding,
    Kustomization,
    Resource,
    Severity,
)


class Excuses:
    """The exemptions of a run, and which of them were needed."""

    def __init__(self, selection: Selection, today: date) -> None:
        self._selection = selection
        self._today = today
        self._used: set[int] = set()

    def covers(self, hit: Hit, finding: Finding) -> bool:
        """Return whether an exemption excuses the hit; one that is over excuses nothing."""
        resource = _resource(hit)
        cluster = hit.cluster.name if hit.cluster else None
        excused = False
        for exemption in self._selection.exemptions:
            if exemption.covers(hit.rule.id, cluster, finding.location, resource):
                self._used.add(id(exemption))
                excused = excused or not exemption.expired(self._today)
        notes = annotated(resource) if resource else ()
        return excused or any(e.rule == hit.rule.id and e.reason and not e.expired(self._today) for e in notes)

    def findings(self, active: Sequence[Rule], *, whole: bool) -> Iterator[Finding]:
        """Yield what is wrong with the exemptions themselves; of a part of the fleet, none is called unused."""
        for exemption in self._selection.exemptions:
            if exemption.expired(self._today):
                yield _expired(exemption)
            elif whole and id(exemption) not in self._used and _concerns(exemption, active):
                yield _unused(exemption)


def _concerns(exemption: Exemption, rules: Sequence[Rule]) -> bool:
    """Return whether an exemption is from a rule that looks at every run at the same things: no review does."""
    return any(fnmatchcase(rule.id, exemption.rule) for rule in rules if rule.check != "review")


def is_whole(index: FleetIndex) -> bool:
    """Return whether all of the fleet is rendered."""
    return all(k.rendered is not None for cluster in index.clusters for k in cluster.cluster.kustomizations)


def _resource(hit: Hit) -> Resource | None:
    if isinstance(hit.subject, Kustomization):
        owned = hit.cluster.resource_of(hit.subject) if hit.cluster else None
        return owned.resource if owned else None
    return hit.subject if isinstance(hit.subject, Resource) else None


def _expired(exemption: Exemption) -> Finding:
    return Finding(
        rule="exemption-expired",
        severity=Severity.ERROR,
        message=f"the exemption from {exemption.rule} ended on {exemption.until}: {exemption.reason}",
        location=exemption.location,
        remedy="Mend what it excused and remove it, or give it a new date.",
    )


def _unused(exemption: Exemption) -> Finding:
    return Finding(
        rule="exemption-unused",
        severity=Severity.WARNING,
        message=f"the exemption from {exemption.rule} excuses nothing: {exemption.reason}",
        location=exemption.location,
        remedy="Remove it.",
    )
