"""Every object has one owner."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.contention import contended
from pytest_gitops.checks.context import ClusterIndex, Owned
from pytest_gitops.checks.pruning import is_kept, prunes
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.discovery.declaration import SOURCE_GROUP
from pytest_gitops.model import HelmRelease, JsonObject, Kustomization, Resource, Severity

# What charts bring along though others may have it.
_SHARED = ("CustomResourceDefinition", "Namespace")


@rule(
    "owner-conflict",
    check="references",
    set="essential",
    severity="error",
    scope=Scope.CLUSTER,
    description="No two Kustomizations of a cluster apply the same object: each would undo what the other does "
    "at every "
    "reconciliation, and pruning by one deletes what the other wants. Nor do two HelmReleases, or one of each: Helm "
    "takes over what is there, and uninstalling one deletes what the other wants. Of a CustomResourceDefinition or "
    "Namespace that a chart brings, which several often do, it is a warning; so it is of what two directories take "
    "from one file, of sources, and of what is never pruned, if it is the same in both.",
    remedy="Keep the object in one place; of two Kustomizations, one may annotate it with "
    "`kustomize.toolkit.fluxcd.io/ssa: IfNotPresent`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: default, labels: {kustomize.toolkit.fluxcd.io/name: a}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: two, namespace: default}
""",
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: default, labels: {kustomize.toolkit.fluxcd.io/name: a}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: default, annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: default, labels: {kustomize.toolkit.fluxcd.io/name: a}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: default}
"""
    ],
)
def owner_conflict(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield a violation for each object that several parts apply, at its second occurrence."""
    for target in cluster.targets.values():
        for owners in contended(target):
            second = owners[1]
            names = " and ".join(dict.fromkeys(owned.owner.name for owned in owners))
            shared = (second.resource.kind in _SHARED and _by_charts(owners)) or _is_alike(owners)
            severity = Severity.WARNING if shared else None
            message = f"{second.resource.id} is applied by {names}"
            yield Violation(message, ("metadata", "name"), second.resource, severity=severity)


def _by_charts(owners: list[Owned]) -> bool:
    return any(isinstance(owned.owner, HelmRelease) for owned in owners)


def _is_alike(owners: list[Owned]) -> bool:
    """Tell whether Kustomizations of different directories say the same of an object that they share on purpose.

    They do if they take it from one file, of sources, and of what none of them would prune. Nothing is undone then but
    the labels that name the owner.
    """
    kustomizations = [owned.owner for owned in owners if isinstance(owned.owner, Kustomization)]
    if len(kustomizations) < len(owners) or len({each.path for each in kustomizations}) < len(owners):
        return False
    first, *others = [owned.resource for owned in owners]
    shared = first.origin is not None and all(other.origin == first.origin for other in others)
    if not shared and first.id.group != SOURCE_GROUP and any(map(_deletes, owners)):
        return False
    return all(_content(other) == _content(first) for other in others)


def _deletes(owned: Owned) -> bool:
    return prunes(owned.owner) and not is_kept(owned.resource, owned.owner)


def _content(resource: Resource) -> JsonObject:
    """Return an object without its labels and annotations, which Kustomizations add their own to."""
    own = ("labels", "annotations")
    metadata = {key: value for key, value in resource.object["metadata"].items() if key not in own}
    return {**resource.object, "metadata": metadata}
