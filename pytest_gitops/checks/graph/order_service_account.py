"""A Kustomization or HelmRelease that impersonates a service account comes after it."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.graph._order import Order
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Kustomization, ResourceId


@rule(
    "order-service-account",
    check="graph",
    set="recommended",
    severity="warning",
    scope=Scope.CLUSTER,
    description="A Kustomization that is applied as a service account comes after the Kustomization that creates "
    "that account.",
    remedy="Add the Kustomization that creates the service account to `dependsOn`, or declare both together.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#role-based-access-control",
    passing=[
        """
apiVersion: v1
kind: ServiceAccount
metadata: {name: deployer, namespace: flux-system}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true, serviceAccountName: deployer}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: ServiceAccount
metadata: {name: deployer, namespace: flux-system, labels: {kustomize.toolkit.fluxcd.io/name: rbac}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: rbac, namespace: flux-system}
spec: {interval: 1h, prune: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true, serviceAccountName: deployer}
""",
    ],
)
def order_service_account(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield a violation for each Kustomization that may be applied before its service account is there."""
    order = Order(cluster)
    for kustomization in cluster.cluster.kustomizations:
        name = str(kustomization.spec.get("serviceAccountName") or "")
        if name:
            yield from _judged(cluster, order, kustomization, name)


def _judged(cluster: ClusterIndex, order: Order, kustomization: Kustomization, name: str) -> Iterator[Violation]:
    target = cluster.target(kustomization)
    providers = target.owners(ResourceId("", "ServiceAccount", kustomization.id.namespace, name))
    if not providers:
        return
    if any(
        order.settled(provider.owner, kustomization) and provider.owner.name != kustomization.name
        for provider in providers
    ):
        return
    provider = providers[0].owner.name
    itself = provider == kustomization.name
    message = f"Kustomization {kustomization.name} is applied as the service account {name}, which " + (
        "only it itself creates" if itself else f"Kustomization {provider} creates, on which it does not depend"
    )
    yield Violation(message, ("spec", "serviceAccountName"), kustomization)
