"""The kinds of Flux objects that apply further objects."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_gitops.model import JsonObject, Resource
from pytest_gitops.recursion.artifact_generators import ArtifactGenerators
from pytest_gitops.recursion.charts import Charts
from pytest_gitops.recursion.helm_releases import HelmReleases
from pytest_gitops.recursion.kustomizations import Kustomizations
from pytest_gitops.recursion.node import Kind
from pytest_gitops.recursion.resource_sets import ResourceSets
from pytest_gitops.recursion.state import State
from pytest_gitops.recursion.substitution import Substitution

# API group and kind.
KindOf = tuple[str, str]
KUSTOMIZATION: KindOf = (Kustomizations.group, "Kustomization")


def kinds_of(state: State, substitution: Substitution) -> Mapping[KindOf, Kind]:
    """Return what each kind does in one cluster."""
    charts = Charts(state)
    return {
        KUSTOMIZATION: Kustomizations(state, substitution),
        (HelmReleases.group, "HelmRelease"): HelmReleases(state, charts),
        (ArtifactGenerators.group, "ArtifactGenerator"): ArtifactGenerators(state, charts),
        (ResourceSets.group, "ResourceSet"): ResourceSets(state),
    }


def with_namespace(resource: Resource, namespace: str) -> JsonObject:
    """Return an object in a namespace where it names none."""
    if resource.namespace:
        return resource.object
    return {**resource.object, "metadata": {**resource.metadata, "namespace": namespace}}
