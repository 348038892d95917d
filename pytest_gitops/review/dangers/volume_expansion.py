"""A claim grows only where its storage class lets it."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.objects import mapping, scalar
from pytest_gitops.review.comparison import Change, ClusterComparison

_SIZE = ("spec", "resources", "requests", "storage")


@rule(
    "review-volume-expansion",
    check="review",
    set="essential",
    severity="error",
    scope="change",
    kinds=("PersistentVolumeClaim",),
    description="A claim asks for more only where its storage class allows it: the API server's admission refuses it "
    "where `allowVolumeExpansion` isn't set. Told of storage classes that Git has.",
    remedy="Set `allowVolumeExpansion: true` on the storage class, in a change before, if its provisioner can.",
    source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims",
    passing=[
        """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: apps}
spec: {storageClassName: fast, resources: {requests: {storage: 1Gi}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
allowVolumeExpansion: true
# after the change
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: apps}
spec: {storageClassName: fast, resources: {requests: {storage: 2Gi}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
allowVolumeExpansion: true
""",
    ],
    failing=[
        """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: apps}
spec: {storageClassName: fast, resources: {requests: {storage: 1Gi}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
# after the change
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: apps}
spec: {storageClassName: fast, resources: {requests: {storage: 2Gi}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
""",
    ],
)
def volume_expansion(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a claim that grows in a storage class that doesn't let it."""
    if change.before is None or change.after is None or change.after.part.suspended or cluster.head is None:
        return
    name = scalar(mapping(change.new, "spec"), "storageClassName")
    owned = cluster.head.get("StorageClass", "", name) if name and change.touches(*_SIZE) else None
    refused = any(refusal.path == _SIZE for refusal in cluster.refusals.get(change, ()))
    if owned is not None and owned.resource.get("allowVolumeExpansion") is not True and not refused:
        message = f"{change.id} can't grow: its storage class {name} does not set allowVolumeExpansion"
        yield Violation(message, _SIZE)
