"""Containers say when they are ready."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.pods import containers
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "readiness-probe",
    set="strict",
    severity="warning",
    kinds=("Deployment", "StatefulSet", "DaemonSet"),
    description="Every container of a Deployment, StatefulSet or DaemonSet has a readiness probe, so that it gets no "
    "traffic before it can serve.",
    remedy="Add a `readinessProbe`.",
    source="https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
    passing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {spec: {containers: [{name: web, image: "web:1", readinessProbe: {httpGet: {port: 80}}}]}}}
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
def readiness_probe(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each container without a readiness probe."""
    for path, container in containers(resource):
        if not container.get("readinessProbe"):
            yield Violation(f"container {container.get('name')} has no readiness probe", (*path, "readinessProbe"))
