"""What runs goes on running."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import JsonObject, Severity
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.review.comparison import Change, ClusterComparison

_SUSPENDED = {"CronJob.batch": "it starts no more jobs", "Job.batch": "its pods are deleted"}
# Which field lets an autoscaler go down to nothing, and what it is where it isn't set.
_SCALERS = {
    "HorizontalPodAutoscaler.autoscaling": ("minReplicas", 1),
    "ScaledObject.keda.sh": ("minReplicaCount", 0),
}
_REPLICAS: FieldPath = ("spec", "replicas")
# The API server makes these 1 where nothing is said.
_WORKLOADS = ("Deployment.apps", "StatefulSet.apps", "ReplicaSet.apps", "ReplicationController.")


@rule(
    "review-scaled-to-zero",
    check="review",
    set="recommended",
    severity="warning",
    scope="change",
    description="No workload is scaled to no pod at all (or what an operator makes pods of, by its `replicas` or what "
    "its definition calls so), and no Job or CronJob suspended. Of an autoscaler that comes to be allowed to do so, it "
    "is only reported.",
    remedy="Set `replicas` to what is needed; to be rid of the workload, remove it.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#replicas",
    passing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {replicas: 3}
# after the change
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {replicas: 1}
""",
    ],
    failing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
# after the change
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {replicas: 0}
""",
        """
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, namespace: apps}
# after the change
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, namespace: apps}
spec: {suspend: true}
""",
        """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: apps}
spec: {maxReplicas: 3}
# after the change
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: apps}
spec: {maxReplicas: 3, minReplicas: 0}
""",
    ],
)
def scaled_to_zero(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a workload that comes to have no pod, or may."""
    if change.before is None or change.after is None:
        return
    kind = f"{change.id.kind}.{change.id.group}"
    if kind in _SUSPENDED:
        before, after = (mapping(side, "spec").get("suspend") for side in (change.old, change.new))
        if after is True and before is not True:
            yield Violation(f"{change.id} is suspended: {_SUSPENDED[kind]}", ("spec", "suspend"))
    elif kind in _SCALERS:
        field, default = _SCALERS[kind]
        before, after = (mapping(side, "spec").get(field, default) for side in (change.old, change.new))
        if _is_zero(after) and not _is_zero(before):
            yield Violation(f"{change.id} may scale to 0", ("spec", field), severity=Severity.INFO)
    else:
        own = kind not in _WORKLOADS and any(_is_zero(_at(change.new, path)) for path in change.fields)
        path = _replicas(change, cluster) if own else _REPLICAS
        before, after = (_at(side, path) for side in (change.old, change.new))
        before = 1 if before is None and kind in _WORKLOADS else before
        if _is_zero(after) and before is not None and not _is_zero(before):
            yield Violation(f"{change.id} is scaled from {before} to 0", path)


def _replicas(change: Change, cluster: ClusterComparison) -> FieldPath:
    """Return where an object holds its number of pods: ``spec.replicas``, or what its definition says."""
    definitions = cluster.head.of_kind("CustomResourceDefinition") if cluster.head and "." in change.id.group else ()
    for owned in definitions:
        spec = owned.resource.spec
        if (scalar(spec, "group"), scalar(mapping(spec, "names"), "kind")) == (change.id.group, change.id.kind):
            versions = (mapping({"": version}, "", "subresources", "scale") for version in listed(spec, "versions"))
            said = next((scalar(scale, "specReplicasPath") for scale in versions if scale), "")
            return tuple(said.strip(".").split(".")) if said else _REPLICAS
    return _REPLICAS


def _at(obj: JsonObject, path: FieldPath) -> object:
    return mapping(obj, *map(str, path[:-1])).get(str(path[-1])) if path else None


def _is_zero(value: object) -> bool:
    return value == 0 and not isinstance(value, bool)
