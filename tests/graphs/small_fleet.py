"""A fleet by hand, for tests that compare all that is drawn of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_gitops.model import (
    Cluster,
    Failed,
    Fleet,
    JsonObject,
    Kustomization,
    Location,
    Outcome,
    Rendered,
    Resource,
    ResourceId,
    Skipped,
)

KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/v1"
RELEASE = "helm.toolkit.fluxcd.io/v2"


def obj(api_version: str, kind: str, name: str, namespace: str = "flux-system", **spec: Any) -> JsonObject:
    """Return an object."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def rendered(*objects: JsonObject) -> Rendered:
    """Return a render of these objects."""
    return Rendered(
        tuple(
            Resource(id=ResourceId.of(each), api_version=each["apiVersion"], text=json.dumps(each)) for each in objects
        )
    )


def kustomization(
    declared: JsonObject, outcome: Outcome, parent: str | None = "flux-system/flux-system"
) -> Kustomization:
    """Return a Kustomization."""
    return Kustomization(ResourceId.of(declared), declared, Location("flux.yaml", 1), outcome, parent)


def needs(*names: str) -> list[JsonObject]:
    """Return entries of ``dependsOn``."""
    return [{"name": name} for name in names]


def small_fleet() -> Fleet:
    """Return a cluster in which everything that is marked occurs, and one whose names are hostile."""
    return Fleet(Path("/fleet"), (_production(), _hostile()))


def _production() -> Cluster:
    root = obj(KUSTOMIZATION, "Kustomization", "flux-system")
    infra = obj(KUSTOMIZATION, "Kustomization", "infra", suspend=True)
    apps = obj(KUSTOMIZATION, "Kustomization", "apps", dependsOn=needs("infra", "gone"))
    tenants = obj(KUSTOMIZATION, "Kustomization", "tenants", dependsOn=needs("apps", "tenants"))
    broken = obj(KUSTOMIZATION, "Kustomization", "broken", dependsOn=[{"name": "web", "namespace": "web"}, "infra"])
    releases = [
        obj("v1", "ConfigMap", "settings", "web"),
        obj(RELEASE, "HelmRelease", "redis", "web", suspend=True),
        obj(RELEASE, "HelmRelease", "web", "web", dependsOn=needs("redis")),
        obj(RELEASE, "HelmRelease", "alone", "web"),
    ]
    return Cluster(
        "production",
        "clusters/production",
        "flux.yaml",
        (
            kustomization(root, rendered(root, infra, apps, tenants, broken), None),
            kustomization(infra, rendered(obj("v1", "ConfigMap", "settings", "infra"))),
            kustomization(apps, rendered(*releases)),
            kustomization(tenants, Skipped("the source OCIRepository/flux-system/tenants is not available here")),
            kustomization(broken, Failed(())),
        ),
    )


def _hostile() -> Cluster:
    root = obj(KUSTOMIZATION, "Kustomization", 'a"]<script>alert(1)</script>\\"\n\x1b[31m`&#;end')
    return Cluster('"]; end\u202e</g>', "", "flux.yaml", (kustomization(root, rendered(), None),))
