"""The ConfigMaps that pods need are there, with the keys they need."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import Context
from pytest_gitops.checks.references._pod_keys import unmet
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "config-map-missing",
    check="references",
    set="essential",
    severity="error",
    kinds=kinds.WORKLOADS,
    description="Every ConfigMap that a pod needs exists in its namespace and has the keys that the pod names; "
    "the pod does not start "
    "otherwise.",
    remedy="Create the ConfigMap or the key, correct the name, or mark the reference `optional: true`.",
    source="https://kubernetes.io/docs/concepts/configuration/configmap/",
    passing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {spec: {containers: [{name: web, envFrom: [{configMapRef: {name: settings}}]}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
""",
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {spec: {containers: [{name: web, envFrom: [{configMapRef: {name: settings, optional: true}}]}]}}}
""",
    ],
    failing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {spec: {containers: [{name: web, envFrom: [{configMapRef: {name: settings}}]}]}}}
"""
    ],
)
def config_map_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each ConfigMap, or key of one, that is missing."""
    yield from unmet(resource, context, "ConfigMap")
