"""Only volumes that are the pod's own business."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import mappings, pod_spec
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

_TYPES = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)


@rule(
    "pss-volume-types",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Restricted: volumes are of the types configMap, csi, downwardAPI, emptyDir, ephemeral, image, "
    "persistentVolumeClaim, projected and secret.",
    remedy="Use a PersistentVolumeClaim.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {volumes: [{name: data, persistentVolumeClaim: {claimName: data}}], containers: [{name: web, image: "web:1"}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {volumes: [{name: data, nfs: {server: nas, path: /data}}], containers: [{name: web, image: "web:1"}]}
""",
    ],
)
def pss_volume_types(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each volume of another type."""
    path, spec = pod_spec(resource)
    for index, volume in mappings(spec.get("volumes")):
        for kind in sorted(set(volume) - _TYPES - {"name"}):
            yield Violation(f"volume {volume.get('name')} is of the type {kind}", (*path, "volumes", index, kind))
