"""An object comes after its namespace."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks import given
from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.graph._first_use import Need, unordered
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import ResourceId


@rule(
    "order-namespace",
    check="graph",
    set="recommended",
    severity="warning",
    scope=Scope.CLUSTER,
    description="An object whose namespace another Kustomization creates is in a Kustomization that depends on "
    "that one. "
    "Otherwise a new cluster fails to apply it until a retry happens to come late enough.",
    remedy="Add the Kustomization that creates the namespace to `dependsOn`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: namespaces, namespace: flux-system}
spec: {interval: 1h, prune: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true, dependsOn: [{name: namespaces}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {kustomize.toolkit.fluxcd.io/name: namespaces}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: web, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: namespaces, namespace: flux-system}
spec: {interval: 1h, prune: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true}
---
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {kustomize.toolkit.fluxcd.io/name: namespaces}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: web, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
""",
    ],
)
def order_namespace(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield a violation for the first object of a Kustomization that may come before its namespace."""
    for target in cluster.targets.values():
        yield from unordered(target, _needs(target))


def _needs(cluster: ClusterIndex) -> Iterator[Need]:
    for owned in cluster.resources:
        namespace = owned.resource.namespace
        if namespace not in ("", *given.NAMESPACES) and (
            providers := cluster.owners(ResourceId("", "Namespace", "", namespace))
        ):
            yield owned, f"the namespace {namespace}", providers, ("metadata", "namespace")
