"""What a change deletes that a part which stays takes its variables or values from."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.model import HelmRelease, Kustomization, Part
from pytest_gitops.objects import listed, scalar
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.fates import fate_of
from pytest_gitops.review.model import Action, Fate
from pytest_gitops.variables import references


def lost(part: Part, cluster: ClusterComparison) -> list[Change]:
    """Return the changes that delete a ConfigMap or Secret which a part of head can't do without."""
    named = set(_needs(part))
    return [
        change
        for change in cluster.changes
        if (change.id.kind, change.id.namespace, change.id.name) in named
        and change.action is Action.REMOVED
        and fate_of(change, cluster) in (Fate.PRUNED, Fate.UNINSTALLED)
    ]


def _needs(part: Part) -> Iterator[tuple[str, str, str]]:
    if isinstance(part, Kustomization):
        for reference in references(part.object):
            if not reference.optional:
                yield reference.kind, part.id.namespace, reference.name
    if isinstance(part, HelmRelease):
        for entry in listed(part.spec, "valuesFrom"):
            if isinstance(entry, dict) and not entry.get("optional"):
                yield scalar(entry, "kind"), part.id.namespace, scalar(entry, "name")
