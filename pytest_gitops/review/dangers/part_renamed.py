"""A part under another name is another part: the old one's finalizer deletes what the new one applies."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.pruning import is_kept
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import HelmRelease, Part, Severity
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._data import losses
from pytest_gitops.review.dangers._telling import below, counted, is_retargeted, listed, named
from pytest_gitops.review.fates import is_deleted, is_orphaning
from pytest_gitops.review.releases import identity

_RACE = (
    "Do it in three changes: set `spec.deletionPolicy: Orphan` on the old one, then rename it, then remove the policy."
)
_RELEASE = (
    "Give the new HelmRelease another `releaseName`; or suspend the old one in a change before, so that its removal "
    "uninstalls nothing."
)
_KEEP = "Keep the name; or set `spec.releaseName` to the old one, and suspend the old HelmRelease in a change before."


@rule(
    "review-part-renamed",
    check="review",
    set="essential",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="A Kustomization or HelmRelease keeps its name and namespace. Under another name it is new, and the "
    "old one is deleted: its finalizer deletes each object that still bears its labels, while the new Kustomization "
    "applies the same objects and puts its own labels on them. What the finalizer reaches first is deleted, and comes "
    "back when the new one applies, or only at its next interval. A release is uninstalled and installed anew; where "
    "both HelmReleases mean the same release, what is left is uninstalled: an error.",
    remedy=_RACE,
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#deletion-policy",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./apps}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./applications}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./apps}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: applications, namespace: flux-system}
spec: {path: ./apps}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: applications}}
""",
    ],
)
def part_renamed(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a part that has another name."""
    old, new = pair.before, pair.after
    if old is None or new is None or not pair.renamed or _moves_along(new, cluster):
        return
    if not is_deleted(old, cluster):
        yield Violation(
            f"{named(old)} is renamed to {_name(new)}, but stays in the cluster: both apply the same objects",
            ("metadata", "name"),
            new,
            severity=Severity.ERROR if not old.suspended else None,
            remedy=f"Delete {named(old)} by hand, with `spec.deletionPolicy: Orphan` set.",
        )
    elif isinstance(old, HelmRelease) and isinstance(new, HelmRelease):
        yield from _release(old, new, cluster)
    elif is_orphaning(old):
        message = f"{named(old)} is renamed to {_name(new)}, which takes its objects over: the old one deletes none"
        yield Violation(message, ("metadata", "name"), new, severity=Severity.INFO)
    elif _deletable(old):
        yield from _raced(pair, cluster)


def _raced(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a Kustomization that races with itself; one for all that change namespace together."""
    together = _together(pair, cluster)
    if not together or together[0] is not pair:
        return
    olds = [other.before for other in together if other.before is not None]
    old, new = olds[0], pair.part
    objects = counted(sum(len(_deletable(other)) for other in olds), "object")
    lost = [loss for other in olds for loss in _losses(other, cluster)]
    losses = f"; lost may be {listed(lost)}" if lost else ""
    if len(olds) == 1:
        said = f"{named(old)} is renamed to {_name(new)}: its finalizer deletes the {objects} that both apply, unless"
        yield Violation(f"{said} the new one is first{losses}", ("metadata", "name"), new)
        return
    said = f"{counted(len(olds), old.id.kind)} move from the namespace {old.id.namespace} to {new.id.namespace}"
    names = listed(other.id.name for other in olds)
    message = f"{said} ({names}): their finalizers delete {objects} that old and new apply, unless the new are first"
    yield Violation(f"{message}{losses}", ("metadata", "namespace"), new)


def _together(pair: PartPair, cluster: ClusterComparison) -> list[PartPair]:
    """Return the pairs that are renamed for the same reason: another namespace, from the same parent."""
    return [other for other in cluster.parts if other is pair or (_reason(other) and _reason(other) == _reason(pair))]


def _reason(pair: PartPair) -> tuple[object, ...] | None:
    old, new = pair.before, pair.after
    if old is None or new is None or not pair.renamed or old.id.name != new.id.name or is_orphaning(old):
        return None
    return (old.id.kind, old.id.namespace, new.id.namespace, old.parent, new.parent)


def _moves_along(part: Part, cluster: ClusterComparison) -> bool:
    """Tell whether a part has another name because its parent puts it into another namespace."""
    parent = cluster.parent(part)
    above = cluster.pair(parent) if parent else None
    return above is not None and is_retargeted(above)


def _name(part: Part) -> str:
    return f"{part.id.namespace}/{part.id.name}"


def _deletable(part: Part) -> list[str]:
    return [str(resource.id) for resource in part.rendered or () if not is_kept(resource, part)]


def _losses(part: Part, cluster: ClusterComparison) -> list[str]:
    """Return what is lost for good with what the finalizer deletes."""
    if cluster.base is None:
        return []
    declared = below(part, cluster.base.cluster.parts)
    return [*losses(part, cluster.base), *([f"what {listed(map(named, declared))} applied"] if declared else [])]


def _release(old: HelmRelease, new: HelmRelease, cluster: ClusterComparison) -> Iterator[Violation]:
    if old.suspended:
        return
    where = ("metadata", "name")
    before, after = identity(old), identity(new)
    said = f"{named(old)} is renamed to {_name(new)}"
    if before[:2] == after[:2]:
        message = f"{said} and uninstalls the release {before[0]}, which is the new one's"
        yield Violation(message, where, new, severity=Severity.ERROR, remedy=_RELEASE)
    else:
        lost = listed(losses(old, cluster.base)) if cluster.base else ""
        message = f"{said}: the release {before[0]} is uninstalled, and {after[0]} installed"
        message += f"; lost is {lost}" if lost else ""
        yield Violation(message, where, new, remedy=_KEEP)
