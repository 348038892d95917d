"""Kinds and groups are spelt like those that others use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.references._lookup import MANY
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.spelling import misspelt

_OWN = frozenset(kinds.GROUPS.values())
_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
Named = tuple[str, str]


@rule(
    "kind-misspelt",
    check="references",
    set="recommended",
    severity="warning",
    scope=Scope.CLUSTER,
    description="The kind or group of a custom resource that nothing in the repository defines is not a likely "
    "misspelling of one that other objects have. Charts bring definitions along, so that nothing is said of what is "
    "merely unknown.",
    remedy="Correct the kind or apiVersion.",
    source="https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/",
    passing=[
        """
apiVersion: monitoring.example.com/v1
kind: Probe
metadata: {name: web, namespace: apps}
---
apiVersion: monitoring.example.com/v1
kind: Rule
metadata: {name: web, namespace: apps}
""",
        """
apiVersion: monitoring.example.com/v1
kind: VMAgent
metadata: {name: web, namespace: apps}
---
apiVersion: monitoring.example.com/v1
kind: VMAlert
metadata: {name: web, namespace: apps}
---
apiVersion: monitoring.example.com/v1
kind: VMAlert
metadata: {name: api, namespace: apps}
""",
    ],
    failing=[
        """
apiVersion: monitoring.example.com/v1
kind: AlertRules
metadata: {name: web, namespace: apps}
---
apiVersion: monitoring.example.com/v1
kind: AlertRule
metadata: {name: api, namespace: apps}
---
apiVersion: monitoring.example.com/v1
kind: AlertRule
metadata: {name: shop, namespace: apps}
"""
    ],
)
def kind_misspelt(cluster: ClusterIndex) -> Iterator[Violation]:
    """Yield a violation for each object whose kind or group looks misspelt."""
    for target in cluster.targets.values():
        used = target.memo(_used)
        defined = target.memo(_defined)
        for owned in target.resources:
            resource = owned.resource
            own = (resource.id.group, resource.kind)
            if owned.foreign or own not in used or used[own] >= MANY or own in defined:
                continue
            often = [other for other, count in used.items() if count >= MANY]
            known = {_parted(other): other for group, other in often if group == own[0]}
            if kind := misspelt(_parted(own[1]), known):
                message = f"{resource.kind} {resource.name} is of a kind that nothing else has"
                yield Violation(message, ("kind",), resource, remedy=f"Did you mean {known[kind]}?")
            elif group := misspelt(_words(own[0]), (_words(group) for group, other in often if other == own[1])):
                message = f"{resource.kind} {resource.name} is of a group that nothing else has: {own[0]}"
                meant = next(other for other, _kind in often if _words(other) == group)
                yield Violation(message, ("apiVersion",), resource, remedy=f"Did you mean {meant}?")


def _used(cluster: ClusterIndex) -> Counter[Named]:
    """Count the custom resources of each group and kind."""
    ids = (owned.resource.id for owned in cluster.resources)
    return Counter((id.group, id.kind) for id in ids if "." in id.group and id.group not in _OWN)


def _defined(cluster: ClusterIndex) -> frozenset[Named]:
    """Return what the cluster's own definitions define."""
    specs = (owned.resource.spec for owned in cluster.of_kind("CustomResourceDefinition"))
    return frozenset((str(spec.get("group")), str((spec.get("names") or {}).get("kind"))) for spec in specs)


def _parted(kind: str) -> str:
    """Return a kind with a dash between its words: `VMAgent` is no slip of `VMAlert`."""
    return _BETWEEN_WORDS.sub("-", kind)


def _words(group: str) -> str:
    return group.replace(".", "-")
