"""A custom resource comes after its definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex, Owned
from pytest_gitops.checks.graph._first_use import Need, unordered
from pytest_gitops.checks.rule import Scope, Violation, rule


@rule(
    "order-crd",
    check="graph",
    set="recommended",
    severity="warning",
    scope=Scope.CLUSTER,
    description="A custom resource whose CustomResourceDefinition another Kustomization creates is in a "
    "Kustomization that "
    "depends on that one. Otherwise a new cluster fails to apply it until a retry happens to come late enough.",
    remedy="Add the Kustomization that creates the CustomResourceDefinition to `dependsOn`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: crds, namespace: flux-system}
spec: {interval: 1h, prune: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true, dependsOn: [{name: crds}]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org, labels: {kustomize.toolkit.fluxcd.io/name: crds}}
spec: {group: example.org, names: {kind: Widget}}
---
apiVersion: example.org/v1
kind: Widget
metadata: {name: blue, namespace: default, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: crds, namespace: flux-system}
spec: {interval: 1h, prune: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org, labels: {kustomize.toolkit.fluxcd.io/name: crds}}
spec: {group: example.org, names: {kind: Widget}}
---
apiVersion: example.org/v1
kind: Widget
metadata: {name: blue, namespace: default, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
""",
    ],
)
def order_crd(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield a violation for the first custom resource of a Kustomization that may come before its definition."""
    for target in cluster.targets.values():
        yield from unordered(target, _needs(target))


def _needs(cluster: ClusterIndex) -> Iterator[Need]:
    definitions: dict[tuple[str, str], list[Owned]] = defaultdict(list)
    for owned in cluster.of_kind("CustomResourceDefinition"):
        spec = owned.resource.spec
        definitions[str(spec.get("group")), str((spec.get("names") or {}).get("kind"))].append(owned)
    if not definitions:
        return
    for owned in cluster.resources:
        id = owned.resource.id
        if providers := definitions.get((id.group, id.kind)):
            yield owned, f"the CustomResourceDefinition of {id.kind}.{id.group}", providers, ("kind",)
