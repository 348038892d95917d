"""No pod mounts a path of its node."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import mappings, pod_spec
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "pss-host-path",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Baseline: no pod mounts a directory or file of its node.",
    remedy="Use a PersistentVolumeClaim, emptyDir, ConfigMap or Secret instead of `hostPath`.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {volumes: [{name: tmp, emptyDir: {}}], containers: [{name: web, image: "web:1"}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {volumes: [{name: tmp, hostPath: {path: /tmp}}], containers: [{name: web, image: "web:1"}]}
""",
    ],
)
def pss_host_path(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each hostPath volume."""
    path, spec = pod_spec(resource)
    for index, volume in mappings(spec.get("volumes")):
        if volume.get("hostPath") is not None:
            message = f"volume {volume.get('name')} is a path of the node"
            yield Violation(message, (*path, "volumes", index, "hostPath"))
