"""Containers say whether they are alive."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.pods import containers
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "liveness-probe",
    set="strict",
    severity="warning",
    kinds=("Deployment", "StatefulSet", "DaemonSet"),
    description="Every container of a Deployment, StatefulSet or DaemonSet has a liveness probe, so that one that "
    "hangs is started anew.",
    remedy="Add a `livenessProbe` that fails only where a restart would help.",
    source="https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
    passing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {spec: {containers: [{name: web, image: "web:1", livenessProbe: {httpGet: {port: 80}}}]}}}
""",
    ],
    failing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}}
""",
    ],
)
def liveness_probe(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each container without a liveness probe."""
    for path, container in containers(resource):
        if not container.get("livenessProbe"):
            yield Violation(f"container {container.get('name')} has no liveness probe", (*path, "livenessProbe"))
