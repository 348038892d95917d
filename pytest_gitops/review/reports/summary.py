"""What every report of a review counts and orders by, the most dangerous first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields

from pytest_gitops.model import Finding, Severity
from pytest_gitops.review.model import Action, ClusterReview, Fate, ObjectChange, Review

# The worst first: what is gone or stands still before what is applied as written.
_FATES = (
    Fate.UNINSTALLED,
    Fate.PRUNED,
    Fate.RECREATED,
    Fate.REFUSED,
    Fate.LEFT_BEHIND,
    Fate.HELD_BACK,
    Fate.UNKNOWN,
    Fate.APPLIED,
)
_ACTIONS = (Action.REMOVED, Action.MOVED, Action.CHANGED, Action.ADDED)
_SEVERITIES = (*Severity, None)


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of one cluster: objects by what happens to them, images that differ, findings by severity."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    moved: int = 0
    images: int = 0
    error: int = 0
    warning: int = 0
    info: int = 0

    def numbers(self) -> dict[str, int]:
        """Return the numbers by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def summary(cluster: ClusterReview) -> Summary:
    """Return the numbers of a cluster."""
    actions = Counter(change.action.value for change in cluster.objects)
    severities = Counter(finding.severity.value for finding in cluster.findings)
    return Summary(images=len(cluster.images), **actions, **severities)


def by_danger(review: Review) -> list[ClusterReview]:
    """Return the clusters, those with the worst and the most findings first, then those with most changes."""
    return sorted(review.clusters, key=_cluster_order)


def _cluster_order(cluster: ClusterReview) -> tuple[object, ...]:
    counted = summary(cluster)
    return (-counted.error, -counted.warning, -counted.removed, -counted.info, -len(cluster.objects), cluster.name)


def worst(findings: Iterable[Finding]) -> Severity | None:
    """Return the highest severity among findings, None where there is none."""
    return min((finding.severity for finding in findings), key=rank, default=None)


def rank(severity: Severity | None) -> int:
    """Return a severity's place in the order from the worst to none."""
    return _SEVERITIES.index(severity)


def danger_order(severity: Severity | None, change: ObjectChange) -> tuple[int, int, int]:
    """Return what sorts changes by danger: by their findings, then by what Flux makes of them."""
    return (rank(severity), _FATES.index(change.fate), _ACTIONS.index(change.action))
