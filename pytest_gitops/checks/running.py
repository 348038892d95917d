"""Running rules over a fleet: from violations to findings, each told once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from pytest_gitops.checks.chart_places import given_value
from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.exempting import Excuses, is_whole
from pytest_gitops.checks.judging import judge
from pytest_gitops.checks.locating import Locator
from pytest_gitops.checks.results import Hit, Item, Judge, Results, Untried
from pytest_gitops.checks.rule import Rule, Scope
from pytest_gitops.checks.selection import Selection
from pytest_gitops.checks.telling import Told
from pytest_gitops.hiding import Hiding
from pytest_gitops.model import (
    Cluster,
    Failed,
    Finding,
    HelmRelease,
    LiveRun,
    Location,
    Overlay,
    Part,
    Resource,
    Severity,
    Skipped,
)

KINDS = ("Kustomization", "HelmRelease", "ResourceSet")


def run(
    index: FleetIndex, rules: Sequence[Rule], selection: Selection, *judges: Judge, today: date | None = None
) -> Results:
    """Run the rules that the selection turns on, and return what they found.

    ``judges`` are further sources of hits, for rules that have no function of their own. ``today`` is
    for exemptions with an end, by default the local date.
    """
    active = selection.of(rules)
    excused = Excuses(selection, today or date.today())
    locators = _Locators()
    told = Told(Hiding.of(index.fleet))
    items = _Items(index)
    unbuilt: set[tuple[str, Location | str | None]] = set()
    for finding, item, merged in _unbuilt(index):
        told.add(finding, item, merged=merged)
        unbuilt |= {(cluster, finding.location) for cluster in finding.clusters}
        unbuilt |= {(cluster, f"{finding.rule} of {finding.resource}") for cluster in finding.clusters}
    judged = [said for source in judges for said in source(index, active)]
    hits = [
        *judge(index, active, foreign=selection.foreign),
        *(said for said in judged if isinstance(said, Hit)),
    ]
    for hit in _not_superseded(hits):
        finding = _finding(hit, locators, foreign=selection.foreign)
        if _is_told_by_build(hit, finding, unbuilt):
            continue
        if not excused.covers(hit, finding):
            told.add(finding, items.of(hit), merged=_is_of_chart(hit))
    for finding in excused.findings(active, whole=not selection.partial and is_whole(index)):
        told.add(finding, items.first("policy"))
    untried = {said.item: said.reason for said in judged if isinstance(said, Untried)}
    return Results(told, untried, (told.hiding.run(said) for said in judged if isinstance(said, LiveRun)))


def _is_told_by_build(hit: Hit, finding: Finding, unbuilt: set[tuple[str, Location | str | None]]) -> bool:
    """Tell whether what is said of a Flux object is why that one doesn't build: once is enough."""
    if not isinstance(hit.subject, Resource) or hit.subject.kind not in KINDS:
        return False
    same = finding.location if hit.rule.check == "schema" else f"{hit.rule.id} of {hit.subject.id}"
    return any((cluster, same) in unbuilt for cluster in finding.clusters)


def _is_of_chart(hit: Hit) -> bool:
    """Tell whether a hit is about a chart's object: what several releases say of one line is one finding."""
    return isinstance(hit.part, HelmRelease) and isinstance(hit.subject, Resource) and hit.rule.check != "review"


def _not_superseded(hits: Sequence[Hit]) -> Iterator[Hit]:
    """Yield the hits, without those that a better one tells of the same field."""
    superseded = {(rule, *_field(hit)) for hit in hits for rule in hit.rule.supersedes}
    return (hit for hit in hits if (hit.rule.id, *_field(hit)) not in superseded)


def _field(hit: Hit) -> tuple[object, ...]:
    return (hit.cluster.name if hit.cluster else None, id(hit.subject), hit.violation.path)


def _finding(hit: Hit, locators: _Locators, *, foreign: bool) -> Finding:
    violation = hit.violation
    severity = violation.severity or hit.rule.severity
    return Finding(
        rule=hit.rule.id,
        severity=severity if foreign or not _is_their_own(hit) else Severity.INFO,
        message=_message(hit),
        location=violation.location or locators.place(hit),
        resource=str(hit.subject.id) if hit.subject else None,
        clusters=(hit.cluster.name,) if hit.cluster else (),
        remedy=violation.remedy or hit.rule.remedy or None,
        chain=violation.related,
    )


def _message(hit: Hit) -> str:
    """Name the template of an object out of a chart that nobody here can change."""
    message, subject = hit.violation.message, hit.subject
    if hit.rule.check == "review" or not isinstance(subject, Resource) or subject.template is None:
        return message
    return f"{message} (from {subject.template})"


def _is_their_own(hit: Hit) -> bool:
    """Tell whether a hit is about a chart's own doing: one that isn't in the repository, and no value led there.

    Whether something is missing that such a chart refers to can't be told: what it runs may make it. What the API
    server refuses, and what several parts contend for, is broken all the same.
    """
    rule, subject = hit.rule, hit.subject
    if rule.scope is not Scope.RESOURCE or rule.check not in ("references", "policy") or rule.set == "own":
        return False
    if not isinstance(subject, Resource) or subject.template is None or hit.cluster is None:
        return False
    release = hit.part
    path = hit.violation.path
    return isinstance(release, HelmRelease) and given_value(hit.cluster, subject, path, release) is None


class _Locators:
    """Finds the source of what was hit, in the files of the revision that the hit's cluster is of."""

    def __init__(self) -> None:
        self._known: dict[int, Locator] = {}

    def place(self, hit: Hit) -> Location | None:
        """Return the place of the field that a hit is about."""
        if hit.cluster is None or hit.subject is None:
            return None
        fleet = hit.cluster.fleet
        locator = self._known.setdefault(id(fleet), Locator(fleet.files))
        return locator.locate(hit.cluster, hit.subject, hit.violation.path, hit.part, value=hit.violation.value)


def _unbuilt(index: FleetIndex) -> Iterator[tuple[Finding, Item, bool]]:
    """Yield why parts of the fleet don't build, and whether it is told once for all: what is wrong in a chart is."""
    for cluster in index.clusters:
        for part in cluster.cluster.parts:
            if isinstance(part.outcome, Failed):
                item = Item("build", cluster.name, part.name)
                for finding in part.outcome.findings or (_unexplained(part.location),):
                    yield replace(finding, clusters=finding.clusters or (cluster.name,)), item, _in_chart(part, finding)
    for overlay in index.fleet.overlays:
        if isinstance(overlay.outcome, Failed):
            for finding in overlay.outcome.findings or (_unexplained(Location(overlay.file, 1)),):
                yield finding, Item("build", None, overlay.path or "."), False


def _in_chart(part: Part, finding: Finding) -> bool:
    return isinstance(part, HelmRelease) and finding.rule in ("chart", "template")


def _unexplained(location: Location) -> Finding:
    return Finding("build", Severity.ERROR, "can't be rendered", location=location)


class _Items:
    """Which item a hit belongs to: always one that is there."""

    def __init__(self, index: FleetIndex) -> None:
        self._index = index

    def of(self, hit: Hit) -> Item:
        """Return the item of the hit's part, or of the nearest one of the cluster that was tried."""
        if hit.cluster is None:
            return self._of_overlay(hit.rule.check, hit.overlay)
        if hit.rule.check == "review":
            return self._of_review(hit.cluster.name, hit.part)
        cluster = hit.cluster.cluster
        if hit.rule.check == "graph":
            return Item("graph", cluster.name)
        part = hit.part
        while part is not None and isinstance(part.outcome, Skipped):
            parent = part.parent
            part = next((other for other in cluster.parts if other.name == parent), None)
        return self._item(hit.rule.check, cluster, part)

    def _of_overlay(self, check: str, overlay: Overlay | None) -> Item:
        """Overlays are asked for policies alone; other rules of their files speak of the repository."""
        if overlay is None or (check != "policy" and self._index.fleet.clusters):
            return self.first(check)
        return Item("policy", None, overlay.path or ".")

    def _of_review(self, cluster: str, part: Part | None) -> Item:
        """Return the part's own item where head has the part, else its cluster's, else the first cluster's."""
        clusters = {known.name: known for known in self._index.fleet.clusters}
        if cluster not in clusters:
            return Item("review", next(iter(clusters))) if clusters else self.first("review")
        there = part is not None and any(other.name == part.name for other in clusters[cluster].parts)
        return Item("review", cluster, part.name if part and there else None)

    def first(self, check: str) -> Item:
        """Return the item of what concerns the whole repository: of the first cluster's entry, or the first overlay."""
        clusters, overlays = self._index.fleet.clusters, self._index.fleet.overlays
        if clusters:
            return self._item(check, clusters[0], None)
        return Item("policy", None, next((overlay.path or "." for overlay in overlays if overlay.rendered), None))

    def _item(self, check: str, cluster: Cluster, part: Part | None) -> Item:
        if part is None:
            part = next((k for k in cluster.kustomizations if not isinstance(k.outcome, Skipped)), None)
        return Item(check, cluster.name, part.name) if part else Item("graph", cluster.name)
