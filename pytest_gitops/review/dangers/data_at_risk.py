"""Data does not go with an object."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Severity
from pytest_gitops.objects import listed as entries
from pytest_gitops.objects import mapping
from pytest_gitops.review.comparison import Change, ClusterComparison, Held
from pytest_gitops.review.dangers._data import KINDS, loss, spared
from pytest_gitops.review.dangers._telling import is_explained, places
from pytest_gitops.review.fates import fate_of
from pytest_gitops.review.model import Action, Fate


@rule(
    "review-data-at-risk",
    check="review",
    set="essential",
    severity="warning",
    scope="change",
    kinds=KINDS,
    description="A change does not have data deleted: by removing a claim whose volume or storage class doesn't retain "
    "it, a database or cluster whose operator deletes what it keeps for it, a StatefulSet that deletes its claims "
    "(`persistentVolumeClaimRetentionPolicy`); by scaling such a StatefulSet down; or by having a volume deleted with "
    "its claim that so far was retained. Of data that outlives what is deleted, a retained volume or the claims that a "
    "StatefulSet made, it is only reported.",
    remedy="Back the data up first. To keep the object, annotate it with `kustomize.toolkit.fluxcd.io/prune: disabled` "
    "in a change before the one that removes it.",
    source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming",
    passing=[
        """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}
# after the change
""",
    ],
    failing=[
        """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: apps}
# after the change
""",
        """
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: apps}
# after the change
""",
        """
apiVersion: v1
kind: PersistentVolume
metadata: {name: data}
spec: {persistentVolumeReclaimPolicy: Retain}
# after the change
apiVersion: v1
kind: PersistentVolume
metadata: {name: data}
spec: {persistentVolumeReclaimPolicy: Delete}
""",
        """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: apps}
spec:
  replicas: 3
  volumeClaimTemplates: [{metadata: {name: data}}]
  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}
# after the change
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: apps}
spec:
  replicas: 1
  volumeClaimTemplates: [{metadata: {name: data}}]
  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}
""",
    ],
)
def data_at_risk(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for data that goes with an object, or will."""
    if change.action is Action.REMOVED and change.before is not None:
        if fate_of(change, cluster) is Fate.PRUNED and not is_explained(change, cluster):
            yield from _removed(change, change.before, cluster)
    elif change.before is not None and change.after is not None:
        yield from _reclaimed(change)
        yield from _scaled(change)


def _removed(change: Change, before: Held, cluster: ClusterComparison) -> Iterator[Violation]:
    lost = loss(before.resource, cluster.base) if cluster.base else None
    kept = spared(before.resource, cluster.base) if cluster.base else None
    if lost:
        yield Violation(f"{change.id} is deleted, and with it {lost}", related=places(before, cluster))
    elif kept:
        yield Violation(
            f"{change.id} is deleted; {kept}",
            severity=Severity.INFO,
            remedy="Delete what stays by hand, if it isn't needed any more.",
            related=places(before, cluster),
        )


def _reclaimed(change: Change) -> Iterator[Violation]:
    policy = "persistentVolumeReclaimPolicy"
    before, after = mapping(change.old, "spec").get(policy), mapping(change.new, "spec").get(policy)
    if change.id.kind == "PersistentVolume" and after == "Delete" and before != after:
        yield Violation(
            f"{change.id}: the volume is deleted with its claim from now on, where it was retained",
            ("spec", policy),
            remedy="Keep `Retain`, unless the data may go with the claim.",
        )


def _scaled(change: Change) -> Iterator[Violation]:
    if change.id.kind != "StatefulSet" or not entries(mapping(change.new, "spec"), "volumeClaimTemplates"):
        return
    before, after = (mapping(side, "spec").get("replicas", 1) for side in (change.old, change.new))
    policy = mapping(change.new, "spec", "persistentVolumeClaimRetentionPolicy").get("whenScaled")
    if policy == "Delete" and isinstance(before, int) and isinstance(after, int) and after < before:
        yield Violation(
            f"{change.id}: the claims of {before - after} of {before} replicas are deleted, and their data",
            ("spec", "replicas"),
            remedy="Set `persistentVolumeClaimRetentionPolicy.whenScaled: Retain`, in a change before this one.",
        )
