"""From a comparison to a Review: what is told of it, without what is secret, the most dangerous first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.locating import Locator
from pytest_gitops.model import (
    Failed,
    Finding,
    HelmRelease,
    JsonObject,
    Kustomization,
    Location,
    Part,
    Rendered,
    Severity,
    Skipped,
)
from pytest_gitops.objects import listed, namespace_of, scalar
from pytest_gitops.redaction import ClusterSecrets, Redactor, Secrecy
from pytest_gitops.review.comparison import Change, ClusterComparison, Comparison, Held, PartPair
from pytest_gitops.review.fates import unapplied
from pytest_gitops.review.fields import differing
from pytest_gitops.review.holding import Holding
from pytest_gitops.review.images import image_changes
from pytest_gitops.review.model import (
    Action,
    ClusterReview,
    Fate,
    FieldChange,
    FileChange,
    ObjectChange,
    PartChange,
    Review,
    Revision,
)
from pytest_gitops.review.writing import unified

_SEVERITIES = list(Severity)
_ACTIONS = (Action.REMOVED, Action.MOVED, Action.CHANGED, Action.ADDED)


def tell(
    comparison: Comparison,
    base: Revision,
    head: Revision,
    *,
    findings: Iterable[Finding] = (),
    files: tuple[FileChange, ...] = (),
    notes: tuple[str, ...] = (),
    redactor: Redactor | None = None,
) -> Review:
    """Return the Review of a comparison; clusters in which nothing differs are left out.

    ``findings`` are those of the check ``review``; each is told in all the clusters it names.
    """
    told = list(findings)
    hiding = redactor or Redactor.from_environment()
    clusters = (
        _Telling(cluster, [f for f in told if cluster.name in f.clusters], hiding).review()
        for cluster in comparison.clusters
    )
    return Review(base, head, tuple(cluster for cluster in clusters if _differs(cluster)), files, notes)


def _differs(cluster: ClusterReview) -> bool:
    return bool(cluster.action or cluster.parts or cluster.objects or cluster.findings)


class _Telling:
    """Tells one cluster."""

    def __init__(self, cluster: ClusterComparison, findings: Sequence[Finding], redactor: Redactor) -> None:
        self._cluster = cluster
        self._holding = Holding(cluster)
        self._findings = findings
        self._redactor = redactor
        self._secrets: dict[bool, ClusterSecrets] = {}
        self._secrecies: dict[int, Secrecy] = {}
        self._locators: dict[int, Locator] = {}
        self._dangers: dict[str, int] = {}
        for finding in findings:
            severity = _SEVERITIES.index(finding.severity)
            if finding.resource is not None:
                self._dangers[finding.resource] = min(severity, self._dangers.get(finding.resource, severity))

    def review(self) -> ClusterReview:
        """Return what is told of the cluster."""
        cluster = self._cluster
        objects = sorted(map(self._object, cluster.changes), key=self._order)
        return ClusterReview(
            name=cluster.name,
            action=Action.ADDED if cluster.base is None else Action.REMOVED if cluster.head is None else None,
            parts=tuple(self._parts()),
            objects=tuple(objects),
            images=image_changes(cluster, self._hide),
            findings=tuple(sorted(self._findings, key=lambda finding: _SEVERITIES.index(finding.severity))),
        )

    def _order(self, change: ObjectChange) -> tuple[object, ...]:
        danger = self._dangers.get(str(change.id), len(_SEVERITIES))
        return (danger, _ACTIONS.index(change.action), change.fate is Fate.LEFT_BEHIND, change.id)

    def _object(self, change: Change) -> ObjectChange:
        before, after = self._redacted(change.before, head=False), self._redacted(change.after, head=True)
        held = change.held
        return ObjectChange(
            id=change.id,
            api_version=held.resource.api_version,
            action=change.action,
            fate=self._holding.fate(change),
            owner_before=change.before.part.name if change.before else None,
            owner_after=change.after.part.name if change.after else None,
            before=before,
            after=after,
            fields=_fields(before, after),
            diff=unified(before, after) if before != after else "",
            location=self._location(held, head=change.after is not None),
            replaces=change.before.resource.id if change.before and change.renamed else None,
        )

    def _redacted(self, held: Held | None, *, head: bool) -> JsonObject | None:
        if held is None:
            return None
        return self._redactor.redact(held.resource.object, self._secrecy(held, head=head))

    def _hide(self, change: Change, text: str) -> str:
        for held, head in ((change.before, False), (change.after, True)):
            text = self._redactor.redact_text(text, self._secrecy(held, head=head)) if held else text
        return text

    def _secrecy(self, held: Held, *, head: bool) -> Secrecy:
        if id(held.part) not in self._secrecies:
            secrets = self._secrets.setdefault(head, ClusterSecrets(self._index(head).cluster))
            self._secrecies[id(held.part)] = secrets.of(held.part)
        return self._secrecies[id(held.part)]

    def _index(self, head: bool) -> ClusterIndex:
        index = self._cluster.head if head else self._cluster.base
        assert index is not None  # noqa: S101 - it holds an object
        return index

    def _location(self, held: Held, *, head: bool) -> Location | None:
        if not isinstance(held.part, Kustomization):
            return held.part.location
        index = self._index(head)
        locator = self._locators.setdefault(id(index), Locator(index.fleet.files))
        return locator.locate(index, held.resource, (), held.part)

    def _parts(self) -> Iterable[PartChange]:
        touched = {id(h.part) for change in self._cluster.changes for h in (change.before, change.after) if h}
        for pair in self._cluster.parts:
            differs = any(told(pair.before) != told(pair.after) for told in (_outcome, _chart))
            if pair.action is not None or differs or any(id(part) in touched for part in (pair.before, pair.after)):
                yield _part(pair, self._left_alone(pair))

    def _left_alone(self, pair: PartPair) -> str | None:
        """Return why the cluster has a part as it was though head's object may say otherwise, None where it doesn't."""
        declaration = self._cluster.declaration(pair.part) if pair.hidden and pair.after is None else None
        why = unapplied(declaration, self._cluster) if declaration else None
        return f"Flux leaves it as it is in the cluster, because of {why}" if why else None


def _part(pair: PartPair, left_alone: str | None) -> PartChange:
    part = pair.part
    unknown = next((p for p in (pair.after, pair.before) if p is not None and p.rendered is None), None)
    return PartChange(
        id=part.id,
        name=part.name,
        action=pair.action,
        location=part.location,
        depends_on=_depends_on(part),
        parent=part.parent,
        suspended=part.suspended,
        outcome_before=_outcome(pair.before),
        outcome_after=_outcome(pair.after),
        reason=left_alone or _reason(unknown),
        chart_before=_chart(pair.before),
        chart_after=_chart(pair.after),
        renamed_from=pair.before.name if pair.before and pair.renamed else None,
        known=pair.known,
    )


def _depends_on(part: Part) -> tuple[str, ...]:
    """Return the names of the parts of the same kind that one depends on, as ``Part.name`` has them."""
    prefix = "" if isinstance(part, Kustomization) else f"{part.id.kind}/"
    entries = [entry for entry in listed(part.spec, "dependsOn") if isinstance(entry, dict)]
    own = namespace_of(part.object) or part.id.namespace
    return tuple(f"{prefix}{scalar(entry, 'namespace') or own}/{scalar(entry, 'name')}" for entry in entries)


def _outcome(part: Part | None) -> str | None:
    if part is None:
        return None
    return {Rendered: "rendered", Failed: "failed", Skipped: "skipped"}[type(part.outcome)]


def _reason(part: Part | None) -> str | None:
    if part is None:
        return None
    if isinstance(part.outcome, Skipped):
        return part.outcome.reason
    findings = part.outcome.findings if isinstance(part.outcome, Failed) else ()
    return findings[0].message if findings else "it can't be rendered"


def _chart(part: Part | None) -> str | None:
    if not isinstance(part, HelmRelease) or part.chart is None:
        return None
    return f"{part.chart.name} {part.chart.version}"


def _fields(before: JsonObject | None, after: JsonObject | None) -> tuple[FieldChange, ...]:
    if before is None or after is None:
        return ()
    return tuple(difference.change() for difference in differing(before, after))
