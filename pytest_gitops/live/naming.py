"""What Flux's objects and others are called in scenarios, and where the API server has them."""

from __future__ import annotations

from pytest_gitops.live.api import Kind
from pytest_gitops.live.applying import Application
from pytest_gitops.live.installation import NAMESPACE
from pytest_gitops.live.timeline import name_of
from pytest_gitops.model import Cluster

GROUPS = {"Kustomization": "kustomize.toolkit.fluxcd.io", "HelmRelease": "helm.toolkit.fluxcd.io"}
_GROUPS = {
    **GROUPS,
    **dict.fromkeys(("Alert", "Provider", "Receiver"), "notification.toolkit.fluxcd.io"),
}
_SOURCES = "source.toolkit.fluxcd.io"
_SLASHES = 2


class Names:
    """Finds what names mean in one cluster; raises LookupError for a kind that the API server doesn't serve."""

    def __init__(self, application: Application, cluster: Cluster) -> None:
        self._application = application
        self._cluster = cluster

    def kind(self, group: str, kind: str) -> Kind:
        """Return a kind of a group in the version to ask for."""
        return self._application.kind_of(group, kind)

    def of_flux(self, name: str) -> tuple[Kind, str, str]:
        """Return kind, namespace and name of ``name``, ``namespace/name`` (Kustomizations) or ``Kind/namespace/name``.

        A Kustomization without a namespace is the cluster's first one of the name.
        """
        kind, _slash, rest = name.partition("/") if name.count("/") >= _SLASHES else ("Kustomization", "", name)
        namespace, _slash, own = rest.rpartition("/")
        if not namespace:
            namespace = next((k.id.namespace for k in self._cluster.kustomizations if k.id.name == own), NAMESPACE)
        return self.kind(_GROUPS.get(kind, _SOURCES), kind), namespace, own

    def key(self, name: str) -> str:
        """Return what the timeline calls an object of Flux's."""
        kind, namespace, own = self.of_flux(name)
        return name_of({"kind": kind.kind, "metadata": {"namespace": namespace, "name": own}})

    def of_any(self, id: str, api_version: str | None) -> tuple[Kind, str, str]:
        """Return kind, namespace and name of ``Kind/namespace/name`` or ``Kind/name``; raises ValueError for others."""
        parts = id.split("/")
        if len(parts) not in (_SLASHES, _SLASHES + 1):
            raise ValueError(f"{id!r} is not Kind/namespace/name, nor Kind/name")
        kind = self._application.named(parts[0], api_version)
        return kind, parts[1] if len(parts) > _SLASHES else "", parts[-1]
