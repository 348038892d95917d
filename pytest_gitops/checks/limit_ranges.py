"""What a LimitRange gives containers that say nothing themselves."""

from __future__ import annotations

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.pods import mapping, mappings


def defaults(cluster: ClusterIndex, namespace: str) -> tuple[set[str], set[str]]:
    """Return the resources that the namespace's LimitRanges request, and those they limit, for containers by default.

    A default limit is a default request, too.
    """
    requests: set[str] = set()
    limits: set[str] = set()
    for owned in cluster.of_kind("LimitRange"):
        if owned.resource.namespace == namespace:
            for _, item in mappings(owned.resource.spec.get("limits")):
                if item.get("type") == "Container":
                    limits |= set(mapping(item, "default"))
                    requests |= set(mapping(item, "defaultRequest")) | set(mapping(item, "default"))
    return requests, limits
