"""What a health check waits for is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.references._lookup import absent
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Kustomization, Severity, group_of


@rule(
    "health-check-missing",
    check="graph",
    set="essential",
    severity="error",
    scope=Scope.KUSTOMIZATION,
    description="Every entry of `healthChecks` names an object that the cluster has. One that is missing is "
    "waited for until "
    "the timeout, and the Kustomization never becomes Ready. Of a Secret, which may be made by hand, it is a warning.",
    remedy="Correct kind, name and namespace of the `healthChecks` entry, or remove it.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#health-checks",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true, healthChecks: [{apiVersion: apps/v1, kind: Deployment, name: web, namespace: web}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: web}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true, healthChecks: [{apiVersion: apps/v1, kind: Deployment, name: web, namespace: web}]}
"""
    ],
)
def health_check_missing(kustomization: Kustomization, context: Context) -> Iterator[Violation]:
    """Yield a violation for each health check of an object that the cluster does not have."""
    checks: Any = kustomization.spec.get("healthChecks")
    for position, entry in enumerate(checks if isinstance(checks, list) else ()):
        if not isinstance(entry, dict) or not entry.get("kind") or not entry.get("name"):
            continue
        kind, name, namespace = str(entry["kind"]), str(entry["name"]), str(entry.get("namespace") or "")
        group = group_of(str(entry.get("apiVersion") or ""))
        where = f" in {namespace}" if namespace else ""
        yield from absent(
            context.cluster,
            f"{kind}.{group}" if group else kind,
            namespace,
            name,
            message=f"Kustomization {kustomization.name} waits for {kind} {name}{where}, which does not exist",
            path=("spec", "healthChecks", position),
            # Often made by hand, such as the key for SOPS.
            severity=Severity.WARNING if kind == "Secret" else None,
        )
