"""Lays two revisions of a fleet side by side."""

from __future__ import annotations

from pytest_gitops.checks.context import ClusterIndex, FleetIndex
from pytest_gitops.model import Fleet
from pytest_gitops.review.comparison import ClusterComparison, Comparison
from pytest_gitops.review.pairing import pair_objects, pair_parts


def compare(base: Fleet | FleetIndex, head: Fleet | FleetIndex) -> Comparison:
    """Return two revisions of a fleet side by side: clusters by name, parts and objects as ``pairing`` tells.

    An object is changed where the API server would be asked for something else; the order of an object's fields, and
    the file that it lies in, are not part of it.
    """
    old, new = (fleet if isinstance(fleet, FleetIndex) else FleetIndex(fleet) for fleet in (base, head))
    before = {cluster.name: cluster for cluster in old.clusters}
    after = {cluster.name: cluster for cluster in new.clusters}
    names = (*after, *(name for name in before if name not in after))
    return Comparison(old, new, tuple(_cluster(name, before.get(name), after.get(name), new) for name in names))


def _cluster(name: str, base: ClusterIndex | None, head: ClusterIndex | None, fleet: FleetIndex) -> ClusterComparison:
    parts = pair_parts(base.cluster if base else None, head.cluster if head else None)
    return ClusterComparison(name, base, head, parts, tuple(pair_objects(parts)), fleet=fleet)
