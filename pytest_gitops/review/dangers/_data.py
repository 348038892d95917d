"""What is lost with an object: data, and whatever else the API server or an operator deletes along."""

from __future__ import annotations

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.pruning import is_kept
from pytest_gitops.model import Part, Resource
from pytest_gitops.objects import listed, mapping, name_of, scalar

# Kinds whose operators delete the volumes or the database along with the object.
OPERATED = (
    "Cluster.postgresql.cnpg.io",
    "Database.postgresql.cnpg.io",
    "postgresql.acid.zalan.do",
    "PostgresCluster.postgres-operator.crunchydata.com",
    "MariaDB.k8s.mariadb.com",
    "InnoDBCluster.mysql.oracle.com",
    "PerconaXtraDBCluster.pxc.percona.com",
    "PerconaServerMongoDB.psmdb.percona.com",
    "PerconaPGCluster.pgv2.percona.com",
    "MongoDBCommunity.mongodbcommunity.mongodb.com",
    "RedisCluster.redis.redis.opstreelabs.in",
    "Dragonfly.dragonflydb.io",
    "Elasticsearch.elasticsearch.k8s.elastic.co",
    "OpenSearchCluster.opensearch.opster.io",
    "ClickHouseInstallation.clickhouse.altinity.com",
    "CassandraDatacenter.cassandra.datastax.com",
    "Kafka.kafka.strimzi.io",
    "KafkaTopic.kafka.strimzi.io",
    "RabbitmqCluster.rabbitmq.com",
    "Tenant.minio.min.io",
    "CephCluster.ceph.rook.io",
    "CephBlockPool.ceph.rook.io",
    "CephFilesystem.ceph.rook.io",
    "CephObjectStore.ceph.rook.io",
    "Volume.longhorn.io",
    "VolumeSnapshot.snapshot.storage.k8s.io",
    "VolumeSnapshotContent.snapshot.storage.k8s.io",
    "ObjectBucketClaim.objectbucket.io",
)
KINDS = ("PersistentVolumeClaim", "PersistentVolume", "StatefulSet", *OPERATED)


def loss(resource: Resource, cluster: ClusterIndex) -> str | None:
    """Return what is lost when an object is deleted, None where nothing is that couldn't be made anew from Git."""
    kind, group = resource.id.kind, resource.id.group
    if f"{kind}.{group}" in OPERATED:
        return "the data that its operator keeps for it"
    lost = {
        ("", "Namespace"): "everything in it",
        ("apiextensions.k8s.io", "CustomResourceDefinition"): "every object of its kind",
        ("", "PersistentVolumeClaim"): None if _retains(resource, cluster) else "its data",
        ("", "PersistentVolume"): "its data" if _reclaims(resource) else None,
        ("apps", "StatefulSet"): "its volume claims and their data" if _deletes_claims(resource) else None,
    }
    return lost.get((group, kind))


def spared(resource: Resource, cluster: ClusterIndex) -> str | None:
    """Return which data outlives an object that one would fear for, None for an object that holds none."""
    if loss(resource, cluster) is not None:
        return None
    kept = {
        ("", "PersistentVolumeClaim"): "its volume is retained",
        ("", "PersistentVolume"): "what it stands for is retained",
        ("apps", "StatefulSet"): _claims(resource),
    }
    return kept.get((resource.id.group, resource.id.kind))


def losses(part: Part, cluster: ClusterIndex) -> list[str]:
    """Return what is lost, and with which object, when all that a part applies is deleted."""
    found = ((resource, loss(resource, cluster)) for resource in part.rendered or () if not is_kept(resource, part))
    return [f"{resource.id} with {lost}" for resource, lost in found if lost]


def _reclaims(volume: Resource) -> bool:
    return volume.id.kind == "PersistentVolume" and volume.spec.get("persistentVolumeReclaimPolicy") == "Delete"


def _retains(claim: Resource, cluster: ClusterIndex) -> bool:
    """Return whether what a claim is bound to is known to keep its data: its volume, or its class's volumes."""
    volume = scalar(claim.spec, "volumeName")
    bound = cluster.get("PersistentVolume", "", volume) if volume else None
    if bound is not None:
        # A volume that somebody writes is retained, unless it says otherwise.
        return (bound.resource.spec.get("persistentVolumeReclaimPolicy") or "Retain") == "Retain"
    name = scalar(claim.spec, "storageClassName")
    owned = cluster.get("StorageClass", "", name) if name else None
    return owned is not None and owned.resource.get("reclaimPolicy") == "Retain"


def _claims(stateful_set: Resource) -> str | None:
    """Return which claims a StatefulSet leaves, None where it makes none."""
    names = [name_of(template) for template in listed(stateful_set.spec, "volumeClaimTemplates")]
    if not names:
        return None
    made = ", ".join(f"{name}-{stateful_set.name}-*" for name in names)
    return f"the claims that it made stay ({made}), and nobody manages them"


def _deletes_claims(stateful_set: Resource) -> bool:
    policy = mapping(stateful_set.spec, "persistentVolumeClaimRetentionPolicy")
    return policy.get("whenDeleted") == "Delete" and bool(listed(stateful_set.spec, "volumeClaimTemplates"))
