"""What Flux does with each change: what it applies, prunes, leaves behind, holds back or can't do at all.

As kustomize-controller 1.9 (finalize and prune), helm-controller 1.6 (uninstall) and flux-operator do.
"""

from __future__ import annotations

from pytest_gitops.model import HelmRelease, Kustomization, Part, Resource, ResourceSet
from pytest_gitops.objects import mapping
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.model import Action, Fate

_PRUNE = "kustomize.toolkit.fluxcd.io/prune"
_SET_PRUNE = "fluxcd.controlplane.io/prune"
_KEEP = "helm.sh/resource-policy"


def fate_of(change: Change, cluster: ClusterComparison) -> Fate:
    """Return what becomes of a change in the cluster."""
    if not change.known:
        return Fate.UNKNOWN
    if change.action is not Action.REMOVED:
        return Fate.HELD_BACK if change.after and change.after.part.suspended else Fate.APPLIED
    assert change.before is not None  # noqa: S101 - what is removed was there
    return fate_of_removed(change.before.resource, change.before.part, cluster)


def fate_of_removed(resource: Resource, part: Part, cluster: ClusterComparison) -> Fate:
    """Return what becomes of an object that its part, as base has that, no longer applies."""
    if cluster.head is None or _kept(resource, part):
        return Fate.LEFT_BEHIND
    pair = cluster.pair(part, head=False)
    after = pair.after if pair else None
    if after is None:
        return _fate_with(part, cluster)
    if after.suspended:
        return Fate.HELD_BACK
    return Fate.PRUNED if prunes(after) else Fate.LEFT_BEHIND


def prunes(part: Part) -> bool:
    """Return whether a part deletes what it no longer applies."""
    return bool(part.spec.get("prune")) if isinstance(part, Kustomization) else True


def _fate_with(part: Part, cluster: ClusterComparison) -> Fate:
    """Return what becomes of the objects of a part that is gone: its controller's finalizer decides."""
    declaration = next((change for change in cluster.changes if change.id == part.id), None)
    deleted = declaration is None or fate_of(declaration, cluster) in (Fate.PRUNED, Fate.UNINSTALLED)
    if not deleted or part.suspended:
        return Fate.LEFT_BEHIND
    if isinstance(part, HelmRelease):
        return Fate.UNINSTALLED
    policy = str(part.spec.get("deletionPolicy") or "MirrorPrune") if isinstance(part, Kustomization) else "Delete"
    orphaned = policy == "Orphan" or (policy == "MirrorPrune" and not prunes(part))
    return Fate.LEFT_BEHIND if orphaned else Fate.PRUNED


def _kept(resource: Resource, part: Part) -> bool:
    """Return whether an object says of itself that it is not to be deleted."""
    annotations = mapping(resource.metadata, "annotations")
    labels = mapping(resource.metadata, "labels")
    if isinstance(part, HelmRelease):
        return annotations.get(_KEEP) == "keep"
    key = _SET_PRUNE if isinstance(part, ResourceSet) else _PRUNE
    return "disabled" in (annotations.get(key), labels.get(key))
