"""The clusters that a hub applies to by a kubeConfig: started beside it, and made known to it by a Secret each."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import yaml

from pytest_gitops.checks.context import remote_of
from pytest_gitops.live.api import Api
from pytest_gitops.live.applying import OWN as MANAGER
from pytest_gitops.live.applying import Application
from pytest_gitops.live.provider import Provider, Running, Wish
from pytest_gitops.live.stand_ins import open_definitions
from pytest_gitops.model import Cluster, HelmRelease, JsonObject, Kustomization, Part

KEY = "value"


class Spokes:
    """The running clusters that parts of a cluster apply to, by the ``namespace/name`` of their kubeConfig's Secret.

    There are none where the provider's clusters don't reach each other. Raises LiveError where one can't be had.
    """

    def __init__(self, provider: Provider, cluster: Cluster) -> None:
        self._cluster = cluster
        self._running: dict[str, tuple[str, Running]] = {}
        try:
            for remote, key in _remotes(cluster).items() if provider.reaches_others else ():
                wish = Wish(remote, workloads=True, cluster=cluster, remote=remote)
                self._running[remote] = key, provider.start(wish)
        except BaseException:
            self.close()
            raise

    @property
    def running(self) -> tuple[Running, ...]:
        """The clusters."""
        return tuple(running for _key, running in self._running.values())

    def prepare(self) -> None:
        """Put into each cluster what has to be there before Flux applies to it."""
        resources = [resource for _part, resource in self._cluster.resources]
        for running in self.running:
            api = Api(running.kubeconfig, running.context)
            application = Application(api)
            for obj in (*running.installation(), *open_definitions(resources, api.kinds())):
                api.apply(application.kind(obj), obj, manager=MANAGER, force=True)

    def secrets(self) -> Iterator[JsonObject]:
        """Yield a Secret for each cluster, after the namespace that it is in."""
        for remote, (key, running) in self._running.items():
            namespace, _slash, name = remote.partition("/")
            yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            yield {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": namespace},
                "stringData": {key: _kubeconfig(running)},
            }

    def close(self) -> None:
        """End the clusters; may be called twice."""
        for running in self.running:
            running.close()


def elsewhere(cluster: Cluster) -> frozenset[str]:
    """Return the parts that are objects of other clusters: what declares them applies there by a kubeConfig."""
    by_name = {part.name: part for part in cluster.parts}

    def above(part: Part) -> Iterator[Part]:
        while part.parent is not None and part.parent in by_name:
            part = by_name[part.parent]
            yield part

    return frozenset(part.name for part in cluster.parts if any(map(remote_of, above(part))))


def _remotes(cluster: Cluster) -> dict[str, str]:
    """Return the Secrets with kubeconfigs that parts name, each with the key that holds one."""
    found: dict[str, str] = {}
    for part in cluster.parts:
        reference = (part.spec.get("kubeConfig") or {}).get("secretRef") or {}
        if isinstance(part, Kustomization | HelmRelease) and reference.get("name"):
            found.setdefault(remote_of(part), str(reference.get("key") or KEY))
    return found


def _kubeconfig(running: Running) -> str:
    """Return a kubeconfig that names no files: Flux reads none."""
    document = yaml.safe_load(running.kubeconfig.read_text(encoding="utf-8"))
    for entry in document["clusters"]:
        authority = entry["cluster"].pop("certificate-authority", None)
        if authority is not None:
            with open(authority, "rb") as file:
                entry["cluster"]["certificate-authority-data"] = base64.b64encode(file.read()).decode()
    return yaml.safe_dump(document)
