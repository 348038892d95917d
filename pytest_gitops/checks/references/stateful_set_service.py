"""The Service that names the pods of a StatefulSet is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "stateful-set-service",
    check="references",
    set="recommended",
    severity="warning",
    kinds=("StatefulSet",),
    description="The Service that a StatefulSet names in `serviceName` exists in its namespace; without it, its pods "
    "have no names in DNS.",
    remedy="Create the headless Service, or correct the name.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id",
    passing=[
        """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: apps}
spec: {serviceName: db}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: apps}
spec: {clusterIP: None}
"""
    ],
    failing=[
        """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: apps}
spec: {serviceName: db}
"""
    ],
)
def stateful_set_service(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where the Service does not exist."""
    if name := named(resource.spec.get("serviceName")):
        message = f"StatefulSet {resource.name} names the Service {name}, which {resource.namespace} does not have"
        path = ("spec", "serviceName")
        yield from absent(context.cluster, "Service", resource.namespace, name, message=message, path=path)
