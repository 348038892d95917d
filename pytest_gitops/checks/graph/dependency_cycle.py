"""Nothing depends on itself, directly or through others."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.graph._dependencies import KINDS, cycles
from pytest_gitops.checks.rule import Scope, Violation, rule


@rule(
    "dependency-cycle",
    check="graph",
    set="essential",
    severity="error",
    scope=Scope.CLUSTER,
    description="Dependencies form no cycle. In a cycle each waits for the next, and none is ever reconciled; "
    "Flux also "
    "stops what a change of their source would have triggered.",
    remedy="Remove one of the `dependsOn` entries along the cycle.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {interval: 1h, prune: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
spec: {interval: 1h, prune: true, dependsOn: [{name: a}]}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {interval: 1h, prune: true, dependsOn: [{name: b}]}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
spec: {interval: 1h, prune: true, dependsOn: [{name: a}]}
""",
        """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {interval: 1h, dependsOn: [{name: web}]}
""",
    ],
)
def dependency_cycle(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield one violation for each cycle, at the entry that closes it, naming the whole path."""
    for kind in KINDS:
        for cycle in cycles(cluster, kind):
            last = cycle[-1]
            if len(cycle) == 1:
                message = f"{kind} {last.dependent} depends on itself"
            else:
                path = " → ".join([cycle[0].dependent, *(dependency.target for dependency in cycle)])
                message = f"{kind}s depend on each other in a cycle: {path}"
            yield Violation(message, last.path, last.subject)
