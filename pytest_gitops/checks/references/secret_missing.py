"""The Secrets that pods need are there, with the keys they need."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import Context
from pytest_gitops.checks.references._pod_keys import unmet
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "secret-missing",
    check="references",
    set="essential",
    severity="warning",
    kinds=kinds.WORKLOADS,
    description="Every Secret that a pod needs exists in its namespace and has the keys that the pod names; the "
    "pod does not start "
    "otherwise. A warning, as Secrets are often made by hand, where Git does not see it.",
    remedy="Create the Secret or the key, correct the name, or mark the reference `optional: true`.",
    source="https://kubernetes.io/docs/concepts/configuration/secret/",
    passing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {spec: {containers: [{name: web, envFrom: [{secretRef: {name: settings}}]}]}}}
---
apiVersion: v1
kind: Secret
metadata: {name: settings, namespace: apps}
""",
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {spec: {containers: [{name: web, envFrom: [{secretRef: {name: settings, optional: true}}]}]}}}
""",
    ],
    failing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {spec: {containers: [{name: web, envFrom: [{secretRef: {name: settings}}]}]}}}
"""
    ],
)
def secret_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each Secret, or key of one, that is missing."""
    yield from unmet(resource, context, "Secret")
