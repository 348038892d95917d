"""What becomes of everything that a part applies, and the parts that it declares, when it goes."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_gitops.model import HelmRelease, Part, ResourceId
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.dangers._data import loss
from pytest_gitops.review.dangers._telling import below, counted, listed
from pytest_gitops.review.fates import fate_of
from pytest_gitops.review.model import Action, Fate
from pytest_gitops.review.releases import identity


@dataclass(frozen=True, slots=True)
class Gone:
    """The objects of a part of base, and of those below it, that no part of head applies.

    ``deleted`` are those that Flux deletes, ``left`` those that stay; ``losses`` say of the former what is lost with
    each; ``releases`` are those that are uninstalled without their objects being known.
    """

    deleted: tuple[ResourceId, ...]
    left: tuple[ResourceId, ...]
    losses: tuple[str, ...]
    releases: tuple[str, ...]


def gone_with(part: Part, cluster: ClusterComparison) -> Gone:
    """Return what goes with a part of base."""
    parts = [part, *below(part, cluster.base.cluster.parts if cluster.base else ())]
    changes = [change for change in cluster.changes if _goes(change, parts)]
    deleted = [change for change in changes if fate_of(change, cluster) in (Fate.PRUNED, Fate.UNINSTALLED)]
    left = [change for change in changes if fate_of(change, cluster) is Fate.LEFT_BEHIND]
    releases = [identity(other)[0] for other in parts if isinstance(other, HelmRelease) and not other.rendered]
    return Gone(_ids(deleted), _ids(left), tuple(_losses(deleted, cluster)), tuple(releases))


def _goes(change: Change, parts: list[Part]) -> bool:
    return change.action is Action.REMOVED and any(change.before and change.before.part is part for part in parts)


def _ids(changes: list[Change]) -> tuple[ResourceId, ...]:
    return tuple(change.id for change in changes)


def _losses(changes: list[Change], cluster: ClusterComparison) -> list[str]:
    found = []
    for change in changes:
        lost = loss(change.before.resource, cluster.base) if change.before and cluster.base else None
        if lost:
            found.append(f"{change.id} with {lost}")
    return found


def told(gone: Gone) -> str:
    """Return what is deleted in words: how many objects, what is lost, and the rest by name."""
    names = [str(id) for id in gone.deleted]
    text = counted(len(names), "object")
    if gone.losses:
        return f"{text}, among them {listed(gone.losses)}"
    return f"{text}: {listed(names)}" if names else text
