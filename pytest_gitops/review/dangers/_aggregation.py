"""Which ClusterRoles are made of others: Kubernetes' own ``admin``, ``edit`` and ``view``, and those that say so."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.model import JsonObject
from pytest_gitops.objects import listed, mapping, name_of
from pytest_gitops.selectors import selects

_LABEL = "rbac.authorization.k8s.io/aggregate-to-"
_GROUP = "ClusterRole.rbac.authorization.k8s.io"


def aggregators(role: JsonObject, cluster: ClusterIndex | None) -> list[str]:
    """Return the names of the ClusterRoles that a ClusterRole's labels make it a part of.

    ``cluster`` is asked for ClusterRoles with an ``aggregationRule``; ``admin``, ``edit`` and ``view`` are in every
    cluster, and each is a part of the one before it.
    """
    labels = mapping(role, "metadata", "labels")
    wanted = [key.removeprefix(_LABEL) for key, value in labels.items() if key.startswith(_LABEL) and value == "true"]
    others = cluster.of_kind(_GROUP) if cluster else ()
    found = [owned.resource.name for owned in others if _takes(owned.resource.object, labels)]
    return list(dict.fromkeys(sorted([*wanted, *(name for name in found if name != name_of(role))])))


def rules_of(role: JsonObject, cluster: ClusterIndex | None) -> list[object]:
    """Return the rules that a role comes to have: its own, or those of the ClusterRoles in Git that it is made of."""
    if not mapping(role, "aggregationRule"):
        return listed(role, "rules")
    return list(_aggregated(role, cluster))


def is_open(role: JsonObject, before: JsonObject) -> bool:
    """Return whether a ClusterRole comes to be made of others by a selector that it didn't have."""
    had = _selectors(before)
    return any(selector not in had for selector in _selectors(role))


def _aggregated(role: JsonObject, cluster: ClusterIndex | None) -> Iterator[object]:
    for owned in cluster.of_kind(_GROUP) if cluster else ():
        labels = mapping(owned.resource.metadata, "labels")
        if owned.resource.name != name_of(role) and _takes(role, labels):
            yield from listed(owned.resource.object, "rules")


def _takes(role: JsonObject, labels: JsonObject) -> bool:
    return any(selects(selector, labels) for selector in _selectors(role))


def _selectors(role: JsonObject) -> list[object]:
    return listed(mapping(role, "aggregationRule"), "clusterRoleSelectors")
