"""What a part deletes that it no longer applies, and what objects ask of Flux and Helm by annotations and labels.

Source: kustomize-controller 1.9, helm-controller 1.6 and flux-operator.
"""

from __future__ import annotations

from pytest_gitops.discovery.declaration import KUSTOMIZE_GROUP
from pytest_gitops.model import HelmRelease, Kustomization, Part, Resource, ResourceSet
from pytest_gitops.objects import mapping

SSA = f"{KUSTOMIZE_GROUP}/ssa"
RECONCILE = f"{KUSTOMIZE_GROUP}/reconcile"
FORCE = f"{KUSTOMIZE_GROUP}/force"
_PRUNE = f"{KUSTOMIZE_GROUP}/prune"
_SET_PRUNE = "fluxcd.controlplane.io/prune"
_KEEP = "helm.sh/resource-policy"


def prunes(part: Part) -> bool:
    """Return whether a part deletes what it no longer applies."""
    return bool(part.spec.get("prune")) if isinstance(part, Kustomization) else True


def is_kept(resource: Resource, part: Part) -> bool:
    """Return whether an object says of itself that the part that applies it is not to delete it."""
    if isinstance(part, HelmRelease):
        policy = str(mapping(resource.metadata, "annotations").get(_KEEP))
        return policy.strip().lower() == "keep" or is_of_crds(resource)
    if isinstance(part, ResourceSet):
        return says(resource, _SET_PRUNE, "disabled")
    return says(resource, _PRUNE, "disabled") or says(resource, RECONCILE, "disabled") or says(resource, SSA, "Ignore")


def is_of_crds(resource: Resource) -> bool:
    """Return whether a chart's object lies in its ``crds/``, which Helm keeps for ever."""
    return resource.kind == "CustomResourceDefinition" and "/crds/" in f"/{resource.origin}"


def says(resource: Resource, key: str, value: str) -> bool:
    """Return whether an annotation or label of an object has a value, as Flux looks: in any case of letters."""
    places = (mapping(resource.metadata, "annotations"), mapping(resource.metadata, "labels"))
    return any(str(place.get(key) or "").lower() == value.lower() for place in places)
