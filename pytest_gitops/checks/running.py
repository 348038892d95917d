"""Running rules over a fleet: from violations to findings, each told once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import ClusterIndex, Context, FleetIndex, Owned
from pytest_gitops.checks.locating import Locator
from pytest_gitops.checks.rule import Rule, Scope, Violation
from pytest_gitops.checks.selection import Exemption, Selection, annotated
from pytest_gitops.model import (
    Cluster,
    Failed,
    Finding,
    Kustomization,
    Location,
    Overlay,
    Resource,
    Severity,
    Skipped,
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A violation, by whom and where it was found.

    The cluster is None for a file that no cluster reads; ``overlay`` is then one that does, if any.
    """

    rule: Rule
    violation: Violation
    cluster: ClusterIndex | None
    kustomization: Kustomization | None = None
    subject: Resource | Kustomization | None = None
    overlay: Overlay | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """What a finding is told for: a check of a part of the fleet.

    The part is a Kustomization (``namespace/name``) of a cluster, a cluster (``part`` is None), or an overlay
    (its path; ``cluster`` is None).
    """

    check: str
    cluster: str | None = None
    part: str | None = None


Judge = Callable[[FleetIndex, Sequence[Rule]], Iterable[Hit]]


class Results:
    """The findings of a run, by item. A finding that several items share is one value with all its clusters."""

    def __init__(self, findings: Iterable[tuple[Finding, tuple[Item, ...]]]) -> None:
        self._findings = tuple(findings)
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
        return Results, (self._findings,)

    def of(self, item: Item) -> tuple[Finding, ...]:
        """Return the findings of one item."""
        return tuple(self._by_item.get(item, ()))


def run(
    index: FleetIndex, rules: Sequence[Rule], selection: Selection, *judges: Judge, today: date | None = None
) -> Results:
    """Run the rules that the selection turns on, and return what they found.

    ``judges`` are further sources of hits, for rules that have no function of their own. ``today`` is
    for exemptions with an end, by default the local date.
    """
    active = selection.of(rules)
    excused = _Excuses(selection, today or date.today())
    locator = Locator(index.files)
    told = _Told()
    items = _Items(index)
    for finding, item in _unbuilt(index):
        told.add(finding, item)
    hits = [*judge(index, active), *(hit for source in judges for hit in source(index, active))]
    for hit in _not_superseded(hits):
        finding = _finding(hit, locator)
        if not excused.covers(hit, finding):
            told.add(finding, items.of(hit))
    for finding in excused.findings(active, whole=not selection.partial and _is_whole(index)):
        told.add(finding, items.first("policy"))
    return Results(told)


def _not_superseded(hits: Sequence[Hit]) -> Iterator[Hit]:
    """Yield the hits, without those that a better one tells of the same field."""
    superseded = {(rule, *_field(hit)) for hit in hits for rule in hit.rule.supersedes}
    return (hit for hit in hits if (hit.rule.id, *_field(hit)) not in superseded)


def _field(hit: Hit) -> tuple[object, ...]:
    return (hit.cluster.name if hit.cluster else None, id(hit.subject), hit.violation.path)


def judge(index: FleetIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
    """Yield what rules with a function of their own say about all they look at."""
    for cluster in index.clusters:
        for target in cluster.targets.values():
            yield from _resources(target, _Dispatch(rules))
            yield from _kustomizations(target, [r for r in rules if r.scope is Scope.KUSTOMIZATION])
        yield from _cluster(cluster, [r for r in rules if r.scope is Scope.CLUSTER])
    yield from _files(index, [r for r in rules if r.scope is Scope.FILE])


def _judged(rule: Rule, subject: object, context: object) -> Iterator[Violation]:
    """Yield what a rule says; one that breaks says so, and takes no other down with it."""
    try:
        for said in rule(subject, context) or ():
            yield Violation(said) if isinstance(said, str) else said
    except Exception as error:
        message = f"the rule {rule.id} broke: {type(error).__name__}: {error}"
        remedy = "Mend the rule; until then, nothing is known about what it looks at."
        yield Violation(message, remedy=remedy, severity=Severity.ERROR)


class _Dispatch:
    """The resource rules by the kind they look at, so that an object meets its own rules only."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._for_all: list[Rule] = []
        self._by_kind: dict[str, list[tuple[str | None, Rule]]] = defaultdict(list)
        for rule in rules:
            if rule.scope is not Scope.RESOURCE or rule.function is None:
                continue
            if "*" in rule.kinds:
                self._for_all.append(rule)
                continue
            for name, group in map(kinds.split, rule.kinds):
                self._by_kind[name].append((group, rule))

    def __call__(self, resource: Resource) -> Iterator[Rule]:
        yield from self._for_all
        for group, rule in self._by_kind.get(resource.id.kind, ()):
            if group is None or group == resource.id.group:
                yield rule


def _resources(cluster: ClusterIndex, dispatch: _Dispatch) -> Iterator[Hit]:
    for owned in cluster.resources:
        rules = list(dispatch(owned.resource))
        if not rules:
            continue
        context = Context(cluster, owned.kustomization)
        for rule in rules:
            for violation in _judged(rule, owned.resource, context):
                yield _hit(rule, violation, cluster, owned)


def _kustomizations(cluster: ClusterIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
    for kustomization in cluster.kustomizations:
        context = Context(cluster, kustomization)
        for rule in rules:
            for violation in _judged(rule, kustomization, context):
                subject = violation.subject or kustomization
                yield Hit(rule, violation, cluster, kustomization, subject)


def _cluster(cluster: ClusterIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
    for rule in rules:
        for violation in _judged(rule, cluster, cluster):
            yield Hit(rule, violation, cluster, _owner(cluster, violation.subject), violation.subject)


def _files(index: FleetIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
    readers = _Readers(index)
    for rule in rules:
        for file in index.files.matching(rule.files):
            if rule.contains and not re.search(rule.contains, file.text, re.MULTILINE):
                continue
            for violation in _judged(rule, file, index):
                placed = violation if violation.location else replace(violation, location=Location(file.path))
                for reader in readers.of(file.path):
                    yield replace(reader, rule=rule, violation=placed)


_NOBODY = Hit(Rule("", "", "", Severity.INFO, "", "", ""), Violation(""), None)


class _Readers:
    """Which Kustomizations and overlays read a file."""

    def __init__(self, index: FleetIndex) -> None:
        self._index = index
        self._readers: dict[str, list[Hit]] | None = None

    def of(self, path: str) -> Sequence[Hit]:
        """Return hits that lack all but their reader; one without any where nothing reads the file."""
        if self._readers is None:
            self._readers = self._all()
        return self._readers.get(path) or [_NOBODY]

    def _all(self) -> dict[str, list[Hit]]:
        found: dict[str, list[Hit]] = defaultdict(list)
        for cluster in self._index.clusters:
            for kustomization in cluster.cluster.kustomizations:
                for path in kustomization.rendered.reads if kustomization.rendered else ():
                    found[path].append(replace(_NOBODY, cluster=cluster, kustomization=kustomization))
        for overlay in self._index.fleet.overlays:
            for path in overlay.rendered.reads if overlay.rendered else ():
                found[path].append(replace(_NOBODY, overlay=overlay))
        return found


def _hit(rule: Rule, violation: Violation, cluster: ClusterIndex, owned: Owned) -> Hit:
    return Hit(rule, violation, cluster, owned.kustomization, violation.subject or owned.resource)


def _owner(cluster: ClusterIndex, subject: Resource | Kustomization | None) -> Kustomization | None:
    if isinstance(subject, Resource):
        owners = (owned for target in cluster.targets.values() for owned in target.owners(subject.id))
        return next((owned.kustomization for owned in owners if owned.resource is subject), None)
    return subject


def _finding(hit: Hit, locator: Locator) -> Finding:
    violation = hit.violation
    return Finding(
        rule=hit.rule.id,
        severity=violation.severity or hit.rule.severity,
        message=violation.message,
        location=violation.location or _located(hit, locator),
        resource=str(hit.subject.id) if hit.subject else None,
        clusters=(hit.cluster.name,) if hit.cluster else (),
        remedy=violation.remedy or hit.rule.remedy or None,
        chain=violation.related,
    )


def _located(hit: Hit, locator: Locator) -> Location | None:
    if hit.cluster is None or hit.subject is None:
        return None
    violation = hit.violation
    return locator.locate(hit.cluster, hit.subject, violation.path, hit.kustomization, value=violation.value)


def _unbuilt(index: FleetIndex) -> Iterator[tuple[Finding, Item]]:
    """Yield why parts of the fleet don't build."""
    for cluster in index.clusters:
        for kustomization in cluster.cluster.kustomizations:
            if isinstance(kustomization.outcome, Failed):
                item = Item("build", cluster.name, kustomization.name)
                for finding in kustomization.outcome.findings or (_unexplained(kustomization.location),):
                    yield replace(finding, clusters=finding.clusters or (cluster.name,)), item
    for overlay in index.fleet.overlays:
        if isinstance(overlay.outcome, Failed):
            for finding in overlay.outcome.findings or (_unexplained(Location(overlay.file, 1)),):
                yield finding, Item("build", None, overlay.path or ".")


def _unexplained(location: Location) -> Finding:
    return Finding("build", Severity.ERROR, "can't be rendered", location=location)


class _Items:
    """Which item a hit belongs to: always one that is there."""

    def __init__(self, index: FleetIndex) -> None:
        self._index = index

    def of(self, hit: Hit) -> Item:
        """Return the item of the hit's Kustomization, or of the nearest part of the cluster that was tried."""
        if hit.cluster is None and hit.overlay is not None:
            return Item(hit.rule.check, None, hit.overlay.path or ".")
        if hit.cluster is None:
            return self.first(hit.rule.check)
        cluster = hit.cluster.cluster
        if hit.rule.check == "graph":
            return Item("graph", cluster.name)
        kustomization = hit.kustomization
        while kustomization is not None and isinstance(kustomization.outcome, Skipped):
            parent = kustomization.parent
            kustomization = next((k for k in cluster.kustomizations if k.name == parent), None)
        return self._item(hit.rule.check, cluster, kustomization)

    def first(self, check: str) -> Item:
        """Return the item of what concerns the whole repository: of the first cluster's entry, or the first overlay."""
        clusters, overlays = self._index.fleet.clusters, self._index.fleet.overlays
        if clusters:
            return self._item(check, clusters[0], None)
        return Item(check, None, next((overlay.path or "." for overlay in overlays if overlay.rendered), None))

    def _item(self, check: str, cluster: Cluster, kustomization: Kustomization | None) -> Item:
        if kustomization is None:
            kustomization = next((k for k in cluster.kustomizations if not isinstance(k.outcome, Skipped)), None)
        return Item(check, cluster.name, kustomization.name) if kustomization else Item("graph", cluster.name)


class _Told:
    """Findings in the order of their first appearance, equal ones as one."""

    def __init__(self) -> None:
        self._found: dict[object, tuple[Finding, dict[Item, None]]] = {}

    def add(self, finding: Finding, item: Item) -> None:
        """Add a finding, or its cluster and item to one with the same rule, location and message."""
        key = (finding.rule, finding.location, finding.message, finding.severity)
        known, items = self._found.get(key, (finding, {}))
        clusters = tuple(dict.fromkeys((*known.clusters, *finding.clusters)))
        self._found[key] = (replace(known, clusters=clusters), {**items, item: None})

    def __iter__(self) -> Iterator[tuple[Finding, tuple[Item, ...]]]:
        return ((finding, tuple(items)) for finding, items in self._found.values())


class _Excuses:
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
    return any(fnmatchcase(rule.id, exemption.rule) for rule in rules)


def _is_whole(index: FleetIndex) -> bool:
    return all(k.rendered is not None for cluster in index.clusters for k in cluster.cluster.kustomizations)


def _resource(hit: Hit) -> Resource | None:
    if isinstance(hit.subject, Kustomization):
        owned = hit.cluster.resource_of(hit.subject) if hit.cluster else None
        return owned.resource if owned else None
    return hit.subject


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
