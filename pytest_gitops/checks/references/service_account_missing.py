"""The service account that something runs or is applied as is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import pod_spec
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "service-account-missing",
    check="references",
    set="essential",
    severity="error",
    kinds=(*kinds.WORKLOADS, "Kustomization", "HelmRelease"),
    description="The service account that a workload runs as, or that a Kustomization or HelmRelease is applied "
    "as, exists. "
    "Otherwise no pod is created, and nothing is applied.",
    remedy="Create the ServiceAccount in that namespace, or correct `serviceAccountName`.",
    source="https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    passing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {spec: {serviceAccountName: web}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: apps}
"""
    ],
    failing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec: {template: {spec: {serviceAccountName: web}}}
""",
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: tenant, namespace: apps}
spec: {interval: 1h, prune: true, serviceAccountName: deployer}
""",
    ],
)
def service_account_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where the service account does not exist."""
    is_flux = resource.kind in ("Kustomization", "HelmRelease")
    path, spec = (("spec",), resource.spec) if is_flux else pod_spec(resource)
    name = named(spec.get("serviceAccountName"))
    if not name or (is_flux and spec.get("kubeConfig")):
        return
    purpose = "is applied as" if is_flux else "runs as"
    yield from absent(
        context.cluster,
        "ServiceAccount",
        resource.namespace,
        name,
        message=f"{resource.kind} {resource.name} {purpose} the service account {name}, which "
        f"{resource.namespace} does not have",
        path=(*path, "serviceAccountName"),
    )
