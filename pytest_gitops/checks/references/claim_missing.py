"""The volume claims that pods mount are there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._lookup import absent
from pytest_gitops.checks.references._pod_references import claims
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "claim-missing",
    check="references",
    set="essential",
    severity="error",
    kinds=kinds.WORKLOADS,
    description="Every PersistentVolumeClaim that a pod mounts exists in its namespace; the pod stays Pending "
    "otherwise.",
    remedy="Create the PersistentVolumeClaim, or correct `claimName`.",
    source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#claims-as-volumes",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: apps}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}
"""
    ],
)
def claim_missing(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each claim that does not exist and that no StatefulSet makes."""
    for reference in claims(resource):
        if not _is_templated(context, resource.namespace, reference.name):
            owner = f"{resource.kind} {resource.name}"
            message = f"{owner} mounts the claim {reference.name}, which {resource.namespace} does not have"
            yield from absent(
                context.cluster,
                "PersistentVolumeClaim",
                resource.namespace,
                reference.name,
                message=message,
                path=reference.path,
            )


def _is_templated(context: Context, namespace: str, name: str) -> bool:
    """A StatefulSet's claims are named after the template, the StatefulSet and the ordinal."""
    for owned in context.cluster.of_kind("StatefulSet"):
        if owned.resource.namespace == namespace:
            for _, template in mappings(owned.resource.spec.get("volumeClaimTemplates")):
                if name.startswith(f"{mapping(template, 'metadata').get('name')}-{owned.resource.name}-"):
                    return True
    return False
