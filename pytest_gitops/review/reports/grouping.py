"""Tells once what many clusters share: the same change, finding or image change, with the clusters it is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pytest_gitops.model import Finding, Location, Severity
from pytest_gitops.review.model import Action, ClusterReview, ImageChange, ObjectChange, PartChange, Review
from pytest_gitops.review.reports.summary import Summary, by_danger, danger_order, rank, worst
from pytest_gitops.review.reports.wording import chart_changes, dangers, headline, part_news

_PART = re.compile(r"\b(Kustomization|HelmRelease|ResourceSet) [\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class SharedFinding:
    """A finding, and the clusters that have it; those of ``finding`` itself are left out."""

    finding: Finding
    clusters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SharedImage:
    """A change of an image, and the clusters that have it."""

    image: ImageChange
    clusters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SharedChange:
    """A change of an object that clusters share: same object, same fields, same owner, same fate, same findings.

    ``change`` is that of the first of them, whose diff may show other values around those that change; ``locations``
    are where any of them declares it.
    """

    change: ObjectChange
    clusters: tuple[str, ...]
    locations: tuple[Location, ...]
    findings: tuple[Finding, ...]

    @property
    def danger(self) -> Severity | None:
        """The highest severity of what is found of it."""
        return worst(self.findings)


@dataclass(frozen=True, slots=True)
class SharedPart:
    """A part, and the clusters that have it so."""

    part: PartChange
    clusters: tuple[str, ...]


def shared_findings(review: Review) -> list[SharedFinding]:
    """Return the findings of all clusters, the worst first."""
    found: dict[Finding, list[str]] = {}
    for cluster in by_danger(review):
        for finding in cluster.findings:
            _note(found.setdefault(_plain(finding), []), cluster.name)
    shared = [SharedFinding(finding, tuple(sorted(clusters))) for finding, clusters in found.items()]
    return sorted(shared, key=lambda one: rank(one.finding.severity))


def alike_findings(review: Review) -> list[list[SharedFinding]]:
    """Return the findings in groups to be told once, the worst first.

    A group are findings of one rule at one place, whose words differ in nothing but the objects and parts they name:
    what one line of a base does to all that is made of it.
    """
    groups: dict[object, list[SharedFinding]] = {}
    for number, shared in enumerate(shared_findings(review)):
        groups.setdefault(_cause(shared) or number, []).append(shared)
    return list(groups.values())


def _cause(shared: SharedFinding) -> object:
    cause = _told_alike(shared.finding)
    return cause and (cause, shared.clusters)


def _told_alike(finding: Finding) -> object:
    """Return what findings have in common that one line brings about, None for one that stands alone."""
    if finding.location is None or finding.resource is None:
        return None
    name = re.escape(finding.resource.rpartition("/")[2])
    words = _PART.sub(r"\1", finding.message.replace(finding.resource, ""))
    words = re.sub(rf"(?<![\w.-]){name}(?![\w-])", "", words)
    return (finding.rule, finding.severity, finding.location, finding.remedy, words)


def overview(review: Review) -> str:
    """Return in a few words what a review says, and how dangerous it is."""
    severities = Counter(shared.finding.severity.value for shared in shared_findings(review))
    found = dangers(Summary(**severities))
    return f"{headline(review)}; {found}" if found else headline(review)


def shared_images(review: Review) -> list[SharedImage]:
    """Return the image changes of all clusters, by name."""
    found: dict[ImageChange, list[str]] = {}
    for cluster in by_danger(review):
        for image in cluster.images:
            _note(found.setdefault(image, []), cluster.name)
    shared = [SharedImage(image, tuple(sorted(clusters))) for image, clusters in found.items()]
    return sorted(shared, key=lambda one: (one.image.name, one.image.before or "", one.image.after or ""))


def shared_parts(review: Review) -> tuple[list[SharedPart], list[SharedPart]]:
    """Return the parts of which there is something to say, by name: first what changes, then what can't be compared.

    That only its own object changed isn't said: that is one of the changes.
    """
    found: dict[PartChange, list[str]] = {}
    for cluster in review.clusters:
        for part in cluster.parts:
            _note(found.setdefault(replace(part, location=None, depends_on=(), parent=None), []), cluster.name)
    shared = [SharedPart(part, tuple(sorted(clusters))) for part, clusters in found.items()]
    shared.sort(key=lambda one: (one.part.name, one.clusters))
    told = [one for one in shared if part_news(one.part) not in ([], [Action.CHANGED.value])]
    return [one for one in told if _is_told(one.part)], [one for one in told if not _is_told(one.part)]


def _is_told(part: PartChange) -> bool:
    """Return whether there is more to say of a part than that it isn't rendered.

    A release may get another chart, and that it can't be rendered any more is what the change does.
    """
    breaks = part.outcome_before == "rendered" and part.outcome_after == "failed"
    return breaks or chart_changes(part) or (part.known and part.outcome_after in ("rendered", None))


def every_part(review: Review) -> list[SharedPart]:
    """Return all parts of all clusters, by name; those that differ in nothing but their file are one."""
    found: dict[PartChange, list[str]] = {}
    for cluster in review.clusters:
        for part in cluster.parts:
            _note(found.setdefault(replace(part, location=None), []), cluster.name)
    shared = [SharedPart(part, tuple(sorted(clusters))) for part, clusters in found.items()]
    return sorted(shared, key=lambda one: (one.part.name, one.clusters))


def shared_changes(review: Review) -> list[SharedChange]:
    """Return the changes of objects in all clusters, the most dangerous first."""
    found: dict[object, tuple[ObjectChange, tuple[Finding, ...], list[str], list[Location]]] = {}
    for cluster in by_danger(review):
        for change, findings in with_findings(cluster):
            entry = found.setdefault((_identity(change), findings), (change, findings, [], []))
            _note(entry[2], cluster.name)
            if change.location and change.location not in entry[3]:
                entry[3].append(change.location)
    shared = [
        SharedChange(change, tuple(sorted(clusters)), tuple(sorted(places, key=_place)), findings)
        for change, findings, clusters, places in found.values()
    ]
    return sorted(shared, key=lambda one: danger_order(one.danger, one.change))


def with_findings(cluster: ClusterReview) -> Iterator[tuple[ObjectChange, tuple[Finding, ...]]]:
    """Yield a cluster's changes, each with the findings that name its object."""
    about: dict[str, list[Finding]] = {}
    for finding in cluster.findings:
        if finding.resource:
            about.setdefault(finding.resource, []).append(_plain(finding))
    for change in cluster.objects:
        yield change, tuple(about.get(str(change.id), ()))


def alike(changes: Iterable[SharedChange]) -> list[list[SharedChange]]:
    """Return the changes in groups to be shown once, in the order of each group's first.

    A group are objects of which the same fields get the same values, or an object that clusters with values of their
    own all remove.
    """
    groups: dict[object, list[SharedChange]] = {}
    for number, one in enumerate(changes):
        groups.setdefault(_likeness(one) or number, []).append(one)
    return list(groups.values())


def _likeness(one: SharedChange) -> object:
    change = one.change
    if change.action is Action.REMOVED:
        return (change.id, change.fate, change.owner_before, one.findings)
    alike = tuple(_told_alike(finding) for finding in one.findings)
    if change.action is Action.CHANGED and change.fields and None not in alike:
        return (change.fields, one.clusters, change.fate, alike)
    return None


def _identity(change: ObjectChange) -> tuple[object, ...]:
    owners = (change.owner_before, change.owner_after)
    return (change.id, change.api_version, change.action, change.fate, owners, change.fields or change.diff)


def _plain(finding: Finding) -> Finding:
    """Return a finding without its clusters and the way to it: what differs between clusters that share it."""
    return replace(finding, clusters=(), chain=())


def _note(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)


def _place(location: Location) -> tuple[str, int]:
    return (location.file, location.line or 0)
