"""Tells what a cluster that only simulates can't let come: what a part waits for that others would make."""

from __future__ import annotations

from collections.abc import Container, Iterator
from itertools import chain

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.model import Kustomization, Part, group_of
from pytest_gitops.objects import listed, mapping, scalar

_FLUX = ".toolkit.fluxcd.io"


def unknowable(cluster: ClusterIndex, part: Part, ruled: Container[str]) -> str | None:
    """Return why it can't be known here whether a Kustomization becomes Ready, None where it can.

    ``ruled`` are the kinds, as ``Kind.group``, whose objects get their conditions by rules of the user.
    """
    if not isinstance(part, Kustomization):
        return None
    return next(chain(_variables(cluster, part), _checked(cluster, part), _expressed(cluster, part, ruled)), None)


def _variables(cluster: ClusterIndex, part: Kustomization) -> Iterator[str]:
    for entry in listed(mapping(part.spec, "postBuild"), "substituteFrom"):
        kind, name = scalar(entry, "kind"), scalar(entry, "name")
        if not scalar(entry, "optional") and cluster.get(kind, part.id.namespace, name) is None:
            yield f"it takes variables of {kind}/{name}, which is not in Git"


def _checked(cluster: ClusterIndex, part: Kustomization) -> Iterator[str]:
    for entry in listed(part.spec, "healthChecks"):
        kind = f"{scalar(entry, 'kind')}.{group_of(scalar(entry, 'apiVersion'))}".rstrip(".")
        namespace, name = scalar(entry, "namespace"), scalar(entry, "name")
        # Of a custom kind, kustomize may have given a namespace to what has none.
        named = (owned.resource for owned in cluster.of_kind(kind) if owned.resource.name == name)
        is_there = any(namespace in ("", resource.namespace) for resource in named)
        if not is_there and cluster.unknown(kind, namespace):
            yield f"it waits for {scalar(entry, 'kind')}/{name}, which nothing makes that could be rendered"


def _expressed(cluster: ClusterIndex, part: Kustomization, ruled: Container[str]) -> Iterator[str]:
    """Yield expressions about the status that an operator would write."""
    there = {(owned.resource.kind, owned.resource.id.group) for owned in cluster.resources if owned.owner is part}
    for entry in listed(part.spec, "healthCheckExprs"):
        kind, group = scalar(entry, "kind"), group_of(scalar(entry, "apiVersion"))
        name = f"{kind}.{group}"
        is_custom = "." in group and not group.endswith(_FLUX) and kinds.is_namespaced(group, kind) is None
        if is_custom and name not in ruled and (kind, group) in there:
            yield f"it waits for the status of {kind}, whose operator doesn't run here; see live.conditions.{name}"
