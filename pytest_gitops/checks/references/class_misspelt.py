"""Names of classes are spelt like those that others use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import ClusterIndex, Context
from pytest_gitops.checks.pods import mapping, mappings, pod_spec
from pytest_gitops.checks.references._lookup import MANY, Used, doubtful, named, often
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import Resource

_SYSTEM = ("system-cluster-critical", "system-node-critical")


@rule(
    "class-misspelt",
    check="references",
    set="recommended",
    severity="warning",
    kinds=(*kinds.WORKLOADS, "Ingress", "PersistentVolumeClaim", "Gateway.gateway.networking.k8s.io"),
    description="The StorageClass, PriorityClass, RuntimeClass, IngressClass or GatewayClass that an object names is "
    "not a likely misspelling of one that the cluster has or that others name. Charts and providers bring such classes "
    "along, so that nothing is said of a name that is merely unknown.",
    remedy="Correct the name.",
    source="https://kubernetes.io/docs/concepts/storage/storage-classes/",
    passing=[
        """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: apps}
spec: {storageClassName: elsewhere}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: apps}
spec: {storageClassName: fasst}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
"""
    ],
)
def class_misspelt(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each name of a class that looks misspelt."""
    used = context.cluster.memo(_used)
    for kind, name, path in _classes(resource):
        if used[(kind, ""), name] >= MANY:
            continue
        right = often(used, (kind, ""), name)
        known = (*right, *_SYSTEM) if kind == "PriorityClass" else right
        message = f"{resource.kind} {resource.name} names the {kind} {name}, which nothing else does"
        yield from doubtful(context.cluster, kind, "", name, message=message, path=path, known=known)


def _used(cluster: ClusterIndex) -> Used:
    return Counter(((kind, ""), name) for owned in cluster.resources for kind, name, _ in _classes(owned.resource))


def _classes(resource: Resource) -> Iterator[tuple[str, str, FieldPath]]:
    for kind, value, path in _named(resource):
        if name := named(value):
            yield kind, name, path


def _named(resource: Resource) -> Iterator[tuple[str, object, FieldPath]]:
    spec = resource.spec if resource.kind in _HOLDERS else {}
    match resource.kind:
        case "Ingress":
            yield "IngressClass", spec.get("ingressClassName"), ("spec", "ingressClassName")
        case "Gateway":
            yield "GatewayClass.gateway.networking.k8s.io", spec.get("gatewayClassName"), ("spec", "gatewayClassName")
        case "PersistentVolumeClaim":
            yield "StorageClass", spec.get("storageClassName"), ("spec", "storageClassName")
        case "StatefulSet":
            for index, claim in mappings(spec.get("volumeClaimTemplates")):
                path = ("spec", "volumeClaimTemplates", index, "spec", "storageClassName")
                yield "StorageClass", mapping(claim, "spec").get("storageClassName"), path
    if resource.kind in kinds.WORKLOADS:
        where, pod = pod_spec(resource)
        yield "PriorityClass", pod.get("priorityClassName"), (*where, "priorityClassName")
        yield "RuntimeClass", pod.get("runtimeClassName"), (*where, "runtimeClassName")


_HOLDERS = ("Ingress", "Gateway", "PersistentVolumeClaim", "StatefulSet")
