"""FluxInstances: how flux-operator is told to run Flux and what to sync, as a file or a chart's values hold it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_gitops.discovery.declaration import TEMPLATE, in_chart, is_dead_corner
from pytest_gitops.model import JsonObject, Location, group_of
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
        value = self.spec.get("sync")
        return value if isinstance(value, dict) else {}

    @property
    def path(self) -> str:
        """The directory it syncs, relative to the source's root."""
        return clean(str(self.sync.get("path") or ""))

    @property
    def name(self) -> str:
        """The name of the source and the Kustomization: by default that of the namespace."""
        return str(self.sync.get("name") or self.namespace)

    @property
    def version(self) -> str:
        """The Flux version it asks for; ``2.x`` is what the chart of flux-operator's project defaults to."""
        distribution = self.spec.get("distribution")
        return str((distribution or {}).get("version") or "2.x") if isinstance(distribution, dict) else "2.x"

    @property
    def patches(self) -> list[JsonObject]:
        """The patches for all that it makes: Flux's controllers, the source and the Kustomization."""
        kustomize = self.spec.get("kustomize")
        patches = kustomize.get("patches") if isinstance(kustomize, dict) else None
        return [patch for patch in patches if isinstance(patch, dict)] if isinstance(patches, list) else []

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
                "sourceRef": {"kind": str(self.sync.get("kind") or "GitRepository"), "name": self.name},
            },
        }

    def source(self) -> JsonObject:
        """Return the source that flux-operator makes, before ``spec.kustomize.patches``."""
        kind, ref = str(self.sync.get("kind") or "GitRepository"), str(self.sync.get("ref") or "")
        spec: JsonObject = {"interval": str(self.sync.get("interval") or "1m0s")}
        if kind == "Bucket":
            spec |= {"endpoint": str(self.sync.get("url") or ""), "bucketName": ref}
        else:
            spec |= {"url": str(self.sync.get("url") or ""), "ref": {"name" if kind == "GitRepository" else "tag": ref}}
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
    group, kind = group_of(str(item.object.get("apiVersion") or "")), item.object.get("kind")
    spec = item.object.get("spec")
    metadata = item.object.get("metadata")
    if not isinstance(spec, dict) or not isinstance(metadata, dict):
        return None
    namespace = str(metadata.get("namespace") or NAMESPACE)
    if group == "fluxcd.controlplane.io" and kind == "FluxInstance":
        return FluxInstance(item.location, spec, namespace)
    if group == "helm.toolkit.fluxcd.io" and kind == "HelmRelease" and _is_instance_chart(spec, metadata):
        values = spec.get("values")
        instance = values.get("instance") if isinstance(values, dict) else None
        target = str(spec.get("targetNamespace") or namespace)
        field = "spec.values.instance.sync"
        return FluxInstance(item.location, instance, target, field) if isinstance(instance, dict) else None
    return None


def _is_instance_chart(spec: JsonObject, metadata: JsonObject) -> bool:
    reference = spec.get("chartRef") or (spec.get("chart") or {}).get("spec") or {}
    names = (reference.get("name"), reference.get("chart"), metadata.get("name")) if isinstance(reference, dict) else ()
    return CHART in names
