"""Objects that several parts of a cluster apply, so that each undoes what the other does."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex, Owned, is_unknown
from pytest_gitops.model import HelmRelease

_FLUX = "kustomize.toolkit.fluxcd.io"


def contended(cluster: ClusterIndex) -> Iterator[list[Owned]]:
    """Yield the owners of each object that more than one part applies, unless all but one let it be."""
    for owned in cluster.resources:
        owners = cluster.owners(owned.resource.id)
        if len(owners) > 1 and owners[0] is owned and not _is_unknown(owned):
            contending = [each for each in owners if not _lets_be(each)]
            if len(contending) > 1 and not any(map(_yields, contending)):
                yield contending


def _is_unknown(owned: Owned) -> bool:
    """Tell whether Git doesn't tell what an object is called: two that look the same may be two."""
    return any(map(is_unknown, (owned.resource.kind, owned.resource.namespace, owned.resource.name)))


def _lets_be(owned: Owned) -> bool:
    """helm-controller creates the definitions of a chart's ``crds/`` where there are none, and lets others be."""
    if not isinstance(owned.owner, HelmRelease) or owned.resource.kind != "CustomResourceDefinition":
        return False
    return "/crds/" in f"/{owned.resource.template or owned.resource.origin or ''}"


def _yields(owned: Owned) -> bool:
    """Flux leaves an object alone that exists, is not to be applied, or is merged, if the object asks for that."""
    says = {key: str(value).lower() for key, value in owned.resource.annotations.items()}
    leaves = says.get(f"{_FLUX}/ssa") in ("ifnotpresent", "ignore", "merge")
    return leaves or says.get(f"{_FLUX}/reconcile") == "disabled"
