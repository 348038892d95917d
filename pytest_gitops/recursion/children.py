"""Which rendered objects are Kustomizations that the cluster comes to hold."""

from __future__ import annotations

from pytest_gitops.discovery.declaration import KUSTOMIZE_GROUP
from pytest_gitops.model import JsonObject, Resource
from pytest_gitops.objects import mapping

DISABLED = ("kustomize.toolkit.fluxcd.io/reconcile", "disabled")


def is_applied_kustomization(resource: Resource) -> bool:
    """Tell whether a rendered object is a Kustomization that kustomize-controller applies.

    It leaves out what has ``kustomize.toolkit.fluxcd.io/reconcile: disabled`` as an annotation or a label.
    """
    if resource.kind != "Kustomization" or resource.id.group != KUSTOMIZE_GROUP:
        return False
    key, value = DISABLED
    return all(mapping(resource.metadata, field).get(key) != value for field in ("annotations", "labels"))


def with_namespace(resource: Resource, namespace: str) -> JsonObject:
    """Return a Kustomization's object, in a namespace where it names none."""
    if resource.namespace:
        return resource.object
    return {**resource.object, "metadata": {**resource.metadata, "namespace": namespace}}
