"""The namespace of an object is there."""

from __future__ import annotations

from collections.abc import Container, Iterator

from pytest_gitops.checks import given
from pytest_gitops.checks.context import ClusterIndex, Owned, Unrendered, is_unknown
from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.references._lookup import near
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.spelling import misspelt
from pytest_gitops.model import HelmRelease, Severity


@rule(
    "namespace-missing",
    check="references",
    set="essential",
    severity="error",
    scope=Scope.CLUSTER,
    description="Something in Git creates the namespace of every object, except for those that every cluster "
    "has. Flux does not create namespaces by itself, unless a HelmRelease has `install.createNamespace`, and applies "
    "nothing of a Kustomization that has an object without one.",
    remedy="Add the Namespace to a Kustomization that comes before, or correct `metadata.namespace` or "
    "`targetNamespace`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#target-namespace",
    passing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
---
apiVersion: v1
kind: Namespace
metadata: {name: apps}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
"""
    ],
)
def namespace_missing(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield a violation for the first object of each Kustomization and missing namespace, and for each storage."""
    for target in cluster.targets.values():
        users = _users(target)
        for namespace, owned in users.items():
            if target.get("Namespace", "", namespace) is None and namespace not in target.memo(_made):
                yield from _judged(target, namespace, list(owned.values()))
        yield from _storages(target, users)


def _users(cluster: ClusterIndex) -> dict[str, dict[str, Owned]]:
    """Return the first object of each Kustomization in each namespace that isn't given."""
    found: dict[str, dict[str, Owned]] = {}
    for owned in cluster.resources:
        namespace = owned.resource.namespace
        if namespace not in ("", *given.NAMESPACES) and not is_unknown(namespace):
            found.setdefault(namespace, {}).setdefault(owned.owner.name, owned)
    return found


def _judged(cluster: ClusterIndex, namespace: str, users: list[Owned]) -> Iterator[Violation]:
    opaque = [part for part in cluster.unrendered if part.flux]
    meant = misspelt(namespace, cluster.memo(_known)) if opaque else None
    severity = Severity.WARNING if meant else Severity.INFO if opaque else _severity(cluster, users)
    for owned in users:
        resource = owned.resource
        release = owned.owner
        if isinstance(release, HelmRelease) and release.target == namespace:
            # Objects of its chart that name no namespace are in the release's.
            yield _of_release(release, namespace, opaque, severity)
            continue
        message = f"{resource.kind} {resource.name} is in the namespace {namespace}, which nothing creates"
        if opaque:
            message += ", as far as Git tells" if meant else f": unknown, as {opaque[0]} may hold it"
        remedy = f"Did you mean {meant}?" if meant else near(cluster, "Namespace", "", namespace)
        yield Violation(message, ("metadata", "namespace"), resource, severity=severity, remedy=remedy)


def _known(cluster: ClusterIndex) -> frozenset[str]:
    return frozenset((*given.NAMESPACES, *(owned.resource.name for owned in cluster.of_kind("Namespace"))))


def _of_release(release: HelmRelease, namespace: str, opaque: list[Unrendered], severity: Severity | None) -> Violation:
    message = f"HelmRelease {release.id.name} installs into the namespace {namespace}, which nothing creates"
    if opaque:
        message = f"{message}: unknown, as {opaque[0]} may hold it"
    path = ("spec", "targetNamespace") if release.spec.get("targetNamespace") else ("metadata", "namespace")
    remedy = "Set `install.createNamespace: true`, add the Namespace, or correct the name."
    return Violation(message, path, release, severity=severity, remedy=remedy)


def _storages(cluster: ClusterIndex, told: Container[str]) -> Iterator[Violation]:
    """Yield a violation for each HelmRelease that keeps its history in a namespace that isn't there."""
    opaque = [part for part in cluster.unrendered if part.flux]
    for release in cluster.parts:
        namespace = str(release.spec.get("storageNamespace") or "") if isinstance(release, HelmRelease) else ""
        there = not namespace or namespace in given.NAMESPACES or is_unknown(namespace) or namespace in told
        if there or cluster.get("Namespace", "", namespace) or namespace in cluster.memo(_made):
            continue
        message = f"HelmRelease {release.id.name} is stored in the namespace {namespace}, which nothing creates"
        if opaque:
            message = f"{message}: unknown, as {opaque[0]} may hold it"
        remedy = near(cluster, "Namespace", "", namespace) or "Add the Namespace, or correct `storageNamespace`."
        severity = Severity.INFO if opaque else _severity(cluster, [])
        yield Violation(message, ("spec", "storageNamespace"), release, severity=severity, remedy=remedy)


def _severity(cluster: ClusterIndex, users: list[Owned]) -> Severity | None:
    """Where a cluster was bootstrapped with something that isn't in Git, that may have made the namespace.

    It surely has where several Kustomizations live in it.
    """
    if not any(kustomization.implicit for kustomization in cluster.cluster.kustomizations):
        return None
    return Severity.INFO if len(users) > 1 else Severity.WARNING


def _made(cluster: ClusterIndex) -> frozenset[str]:
    """Return what HelmReleases create, and what is a namespace but for its misspelt kind: the schema tells of that."""
    by_releases = (
        str(owned.resource.spec.get("targetNamespace") or owned.resource.namespace)
        for owned in cluster.of_kind("HelmRelease")
        if mapping(owned.resource.spec, "install").get("createNamespace") is True
    )
    ids = (owned.resource.id for owned in cluster.resources)
    return frozenset((*by_releases, *(id.name for id in ids if not id.group and misspelt(id.kind, ["Namespace"]))))
