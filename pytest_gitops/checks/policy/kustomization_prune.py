"""What is removed from Git is removed from the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Kustomization

# What takes data of others with it when it goes, so that keeping it is prudence.
_PRECIOUS = ("Namespace", "PersistentVolume", "PersistentVolumeClaim", "StorageClass")
_FOUNDATIONS = ("flux-system", "kube-system")


@rule(
    "kustomization-prune",
    set="recommended",
    severity="warning",
    scope=Scope.KUSTOMIZATION,
    description="`prune` is on, so that what leaves Git leaves the cluster; except where a Kustomization holds "
    "CustomResourceDefinitions, or nothing but Namespaces and volumes, which take others' data with them, or what "
    "the cluster stands on, in `flux-system` and `kube-system`.",
    remedy="Set `spec.prune: true`; to keep single objects, annotate them with "
    "`kustomize.toolkit.fluxcd.io/prune: disabled`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: false}
"""
    ],
)
def kustomization_prune(kustomization: Kustomization) -> Iterator[Violation]:
    """Yield a violation where prune is off without need."""
    if kustomization.spec.get("prune") is False and not _is_precious(kustomization):
        message = f"Kustomization {kustomization.name} leaves in the cluster what is removed from Git"
        yield Violation(message, ("spec", "prune"))


def _is_precious(kustomization: Kustomization) -> bool:
    if kustomization.rendered is None:
        return True
    resources = kustomization.rendered.resources
    if any(resource.kind == "CustomResourceDefinition" for resource in resources):
        return True
    return bool(resources) and all(r.kind in _PRECIOUS or r.namespace in _FOUNDATIONS for r in resources)
