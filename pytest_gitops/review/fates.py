"""What Flux makes of each change: applied, pruned, left behind, refused, made anew.

It goes by what kustomize-controller 1.9 (inventory, finalizer, server-side apply), helm-controller 1.6 (uninstall)
and flux-operator do; ``docs/explanation/review.md`` tells how.
"""

from __future__ import annotations

from pytest_gitops.checks.context import remote_of
from pytest_gitops.checks.pruning import FORCE, RECONCILE, SSA, is_kept, is_of_crds, prunes, says
from pytest_gitops.model import HelmRelease, Kustomization, Part, Resource
from pytest_gitops.objects import listed, mapping
from pytest_gitops.review.comparison import Change, ClusterComparison, Held
from pytest_gitops.review.ignoring import ignored_fields
from pytest_gitops.review.model import Action, Fate
from pytest_gitops.review.releases import is_reinstalled

_MOST_PARENTS = 100
# What a Kustomization says of fields that it is to leave alone.
IGNORE = "spec.ignore"
# Names of the parts whose end is being asked for: Kustomizations may declare each other, and themselves.
_Asked = tuple[str, ...]


def fate_of(change: Change, cluster: ClusterComparison, asked: _Asked = ()) -> Fate:
    """Return what becomes of a change in the cluster."""
    if not change.known:
        return Fate.UNKNOWN
    if change.before is not None and change.after is None:
        return fate_of_removed(change.before.resource, change.before.part, cluster, asked)
    if (change.after and change.after.part.suspended) or unapplied(change, cluster) is not None:
        return Fate.HELD_BACK
    if any(refusal.sure for refusal in cluster.refusals.get(change, ())):
        return Fate.RECREATED if is_forced(change) else Fate.REFUSED
    return Fate.RECREATED if is_made_anew(change, cluster, asked) else Fate.APPLIED


def fate_of_removed(resource: Resource, part: Part, cluster: ClusterComparison, asked: _Asked = ()) -> Fate:
    """Return what becomes of an object that its part, as base has that, no longer applies."""
    if cluster.head is None or is_kept(resource, part):
        return Fate.LEFT_BEHIND
    pair = cluster.pair(part, head=False)
    after = pair.after if pair and not pair.renamed else None
    if after is None:
        return _fate_with(part, cluster, asked)
    if after.suspended:
        return Fate.HELD_BACK
    if isinstance(part, Kustomization) and isinstance(after, Kustomization) and remote_of(part) != remote_of(after):
        return Fate.LEFT_BEHIND  # The inventory doesn't know of clusters.
    if isinstance(part, HelmRelease) and isinstance(after, HelmRelease) and is_reinstalled(part, after):
        return Fate.UNINSTALLED
    return Fate.PRUNED if prunes(after) else Fate.LEFT_BEHIND


def is_orphaning(part: Part) -> bool:
    """Return whether the objects of a part stay in the cluster when the part itself is deleted."""
    if part.suspended:
        return True
    if not isinstance(part, Kustomization):
        return False
    policy = str(part.spec.get("deletionPolicy") or "MirrorPrune")
    return policy == "Orphan" or (policy == "MirrorPrune" and not prunes(part))


def is_deleted(part: Part, cluster: ClusterComparison, asked: _Asked = ()) -> bool:
    """Return whether the cluster deletes a part of base that head doesn't have; its objects may outlive it."""
    declaration = cluster.declaration(part)
    if declaration is None or part.name in asked:
        return True
    fate = fate_of(declaration, cluster, (*asked, part.name))
    return fate in (Fate.PRUNED, Fate.UNINSTALLED, Fate.RECREATED)


def _fate_with(part: Part, cluster: ClusterComparison, asked: _Asked) -> Fate:
    """Return what becomes of the objects of a part that is gone: its controller's finalizer decides."""
    if is_orphaning(part) or not is_deleted(part, cluster, asked):
        return Fate.LEFT_BEHIND
    return Fate.UNINSTALLED if isinstance(part, HelmRelease) else Fate.PRUNED


def unapplied(change: Change, cluster: ClusterComparison) -> str | None:
    """Return the annotation or field for which Flux does not apply an object as head has it, None for none.

    kustomize-controller goes by Git's object and the cluster's. What it leaves alone gets no annotation from Git, so
    that head's decides; ``IfNotPresent`` is for objects that are there. Where ``spec.ignore`` has all fields that
    differ, it doesn't apply the object either, unless it can't. helm-controller leaves the definitions of a chart's
    ``crds/`` alone when it upgrades, unless the policy says otherwise.
    """
    if change.after is None:
        return None
    if isinstance(change.after.part, HelmRelease):
        return _kept_definition(change, change.after, cluster)
    if not isinstance(change.after.part, Kustomization):
        return None
    asked = [(RECONCILE, "disabled"), (SSA, "Ignore")]
    if change.before is not None and not change.renamed:
        asked.append((SSA, "IfNotPresent"))
    said = next((f"{key}: {value}" for key, value in asked if says(change.after.resource, key, value)), None)
    if said is not None or cluster.refusals.get(change):
        return said
    ignored = ignored_fields(change)
    return IGNORE if ignored and len(ignored) == len(change.fields) else None


def _kept_definition(change: Change, held: Held, cluster: ClusterComparison) -> str | None:
    pair = cluster.pair(held.part)
    policy = str(mapping(held.part.spec, "upgrade").get("crds") or "Skip")
    upgraded = pair is not None and pair.before is not None and not pair.renamed
    if not is_of_crds(held.resource) or not upgraded or policy == "CreateReplace":
        return None
    return None if policy == "Create" and change.before is None else f"spec.upgrade.crds: {policy}"


def is_forced(change: Change) -> bool:
    """Return whether kustomize-controller deletes an object that it can't update, and makes it anew."""
    if change.after is None or not isinstance(change.after.part, Kustomization):
        return False
    sides = [held.resource for held in (change.before, change.after) if held is not None]
    return change.after.part.spec.get("force") is True or any(says(side, FORCE, "enabled") for side in sides)


def is_made_anew(change: Change, cluster: ClusterComparison, asked: _Asked = ()) -> bool:
    """Return whether an object that another part comes to apply may be deleted by the one that did so far.

    kustomize-controller deletes only what bears the labels of the Kustomization that prunes. The new owner puts its
    own on when it applies: the object survives where that is sure to come first.
    """
    if change.action is not Action.MOVED or change.before is None or change.after is None:
        return False
    giver, taker = change.before.part, change.after.part
    if is_kept(change.before.resource, giver):
        return False
    pair = cluster.pair(giver, head=False)
    still = pair.after if pair and not pair.renamed else None
    if still is None:
        return not is_orphaning(giver) and is_deleted(giver, cluster, asked)
    return prunes(still) and not still.suspended and not waits_for(still, taker, cluster)


def waits_for(part: Part, other: Part, cluster: ClusterComparison) -> bool:
    """Return whether a Kustomization reconciles a revision only after another one has, by ``dependsOn``."""
    if not isinstance(part, Kustomization) or not isinstance(other, Kustomization) or cluster.head is None:
        return False
    known = {candidate.name: candidate for candidate in cluster.head.cluster.kustomizations}
    waiting, seen = [part.name], {part.name}
    while waiting and len(seen) < _MOST_PARENTS:
        current = known.get(waiting.pop())
        for entry in listed(current.spec, "dependsOn") if current else ():
            namespace = mapping({"entry": entry}, "entry").get("namespace") or (current.id.namespace if current else "")
            name = f"{namespace}/{mapping({'entry': entry}, 'entry').get('name')}"
            if name == other.name:
                return True
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return False
