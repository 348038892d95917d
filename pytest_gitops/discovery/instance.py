"""FluxInstances: how flux-operator is told to run Flux and what to sync, as a file or a chart's values hold it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_gitops.discovery.declaration import TEMPLATE, in_chart, is_dead_corner
from pytest_gitops.model import JsonObject, Location, group_of
from pytest_gitops.objects import listed, mapping, name_of, namespace_of, scalar
from pytest_gitops.paths import clean, is_below
from pytest_gitops.rendering import Index, IndexedObject

NAMESPACE = "flux-system"
CHART = "flux-instance"
VERSION = re.compile(r"^[v=~^]*(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True, eq=False)
class FluxInstance:
    """A FluxInstance with a sync: flux-operator makes a source and a Kustomization from it, and keeps both.

    Source: flux-operator's API reference of FluxInstance v1. ``path`` is the cleaned ``spec.sync.path``, ``field``
    where the document holds ``spec.sync``.
    """

    location: Location
    spec: JsonObject
    namespace: str
    field: str = "spec.sync"

    @property
    def sync(self) -> JsonObject:
        """The instance's ``spec.sync``."""
        return mapping(self.spec, "sync")

    @property
    def path(self) -> str:
        """The directory it syncs, relative to the source's root."""
        return clean(scalar(self.sync, "path"))

    @property
    def name(self) -> str:
        """The name of the source and the Kustomization: by default that of the namespace."""
        return scalar(self.sync, "name") or self.namespace

    @property
    def version(self) -> str:
        """The Flux version it asks for; ``2.x`` is what the chart of flux-operator's project defaults to."""
        return scalar(mapping(self.spec, "distribution"), "version") or "2.x"

    @property
    def patches(self) -> list[JsonObject]:
        """The patches for all that it makes: Flux's controllers, the source and the Kustomization."""
        patches = listed(mapping(self.spec, "kustomize"), "patches")
        return [patch for patch in patches if isinstance(patch, dict)]

    def kustomization(self) -> JsonObject:
        """Return the Kustomization that flux-operator makes, before ``spec.kustomize.patches``."""
        return {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {
                "interval": "10m0s",
                "path": f"./{self.path}",
                "prune": True,
                "sourceRef": {"kind": (scalar(self.sync, "kind") or "GitRepository"), "name": self.name},
            },
        }

    def source(self) -> JsonObject:
        """Return the source that flux-operator makes, before ``spec.kustomize.patches``."""
        kind, ref = (scalar(self.sync, "kind") or "GitRepository"), scalar(self.sync, "ref")
        spec: JsonObject = {"interval": (scalar(self.sync, "interval") or "1m0s")}
        if kind == "Bucket":
            spec |= {"endpoint": scalar(self.sync, "url"), "bucketName": ref}
        else:
            spec |= {"url": scalar(self.sync, "url"), "ref": {"name" if kind == "GitRepository" else "tag": ref}}
        return {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": kind,
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": spec,
        }


def instances(index: Index, ignored: tuple[str, ...] = ()) -> list[FluxInstance]:
    """Return the FluxInstances with a sync that the files hold, themselves or as values of the flux-instance chart."""
    found = [instance for item in index.objects if (instance := _instance(item)) and instance.sync.get("path")]
    kept = [
        instance
        for instance in found
        if not TEMPLATE.search(str(instance.sync.get("path")))
        and not in_chart(instance.location.file, index.charts)
        and not any(is_below(instance.location.file, path) for path in ignored)
    ]
    return [instance for instance in kept if not is_dead_corner(instance.location.file)] or kept


def _instance(item: IndexedObject) -> FluxInstance | None:
    group, kind = group_of(scalar(item.object, "apiVersion")), item.object.get("kind")
    spec = mapping(item.object, "spec")
    namespace = namespace_of(item.object) or NAMESPACE
    if group == "fluxcd.controlplane.io" and kind == "FluxInstance":
        return FluxInstance(item.location, spec, namespace)
    if group == "helm.toolkit.fluxcd.io" and kind == "HelmRelease" and CHART in _charts(item.object):
        target = scalar(spec, "targetNamespace") or namespace
        return FluxInstance(item.location, mapping(spec, "values", "instance"), target, "spec.values.instance.sync")
    return None


def _charts(release: JsonObject) -> tuple[str, ...]:
    """Return the names that may tell a HelmRelease's chart."""
    reference = mapping(release, "spec", "chartRef")
    return scalar(reference, "name"), scalar(mapping(release, "spec", "chart", "spec"), "chart"), name_of(release)
