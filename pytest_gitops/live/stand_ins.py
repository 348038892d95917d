"""What stands in, in a live cluster, for what the repository needs and nobody here has."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import Api, ApiError, Kind
from pytest_gitops.model import Cluster, JsonObject, Resource, ResourceId, Skipped, group_of
from pytest_gitops.objects import listed, scalar

PAUSE = 0.3
OPERATOR_KINDS = ("FluxInstance", "ResourceSet", "ResourceSetInputProvider")
REASON = "Simulated"
_ANYTHING = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
_API_EXTENSIONS = "apiextensions.k8s.io/v1"


def open_definitions(resources: Iterable[Resource], served: Iterable[tuple[str, str]]) -> list[JsonObject]:
    """Return definitions that take anything, for the custom kinds that neither the cluster nor the server defines.

    ``served`` are pairs of ``apiVersion`` and kind. Flux can then apply what charts that can't be fetched would define.
    """
    named = {(group_of(version), kind) for version, kind in served}
    resources = list(resources)
    unscoped = set(_named_without_namespace(resources))
    wanted: dict[tuple[str, str], list[Resource]] = {}
    defined: set[tuple[str, str]] = set()
    for resource in resources:
        if resource.kind == "CustomResourceDefinition":
            spec = resource.spec
            defined.add((str(spec.get("group")), str((spec.get("names") or {}).get("kind"))))
        elif "." in resource.id.group and (resource.id.group, resource.kind) not in named:
            wanted.setdefault((resource.id.group, resource.kind), []).append(resource)
    return [
        _open_definition(*key, found, namespaced=key not in unscoped and any(resource.namespace for resource in found))
        for key, found in sorted(wanted.items())
        if key not in defined
    ]


def _named_without_namespace(resources: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    """Yield group and kind of what health checks name without a namespace: kustomize gives one to any custom kind."""
    for resource in resources:
        for entry in listed(resource.spec, "healthChecks") if resource.kind == "Kustomization" else ():
            if not scalar(entry, "namespace"):
                yield group_of(scalar(entry, "apiVersion")), scalar(entry, "kind")


def with_older_versions(definitions: Iterable[JsonObject], resources: Iterable[Resource]) -> list[JsonObject]:
    """Return definitions that also serve the older versions in which objects of their kinds are written.

    The cluster that the repository feeds may run an older Flux than this one. Its objects are then read as those of
    the version that is stored, as an API server does for definitions without a conversion.
    """
    written: dict[tuple[str, str], set[str]] = {}
    for resource in resources:
        version = resource.api_version.rpartition("/")[2]
        written.setdefault((resource.id.group, resource.kind), set()).add(version)
    return [_with_versions(definition, written) for definition in definitions]


def _with_versions(definition: JsonObject, written: Mapping[tuple[str, str], set[str]]) -> JsonObject:
    spec = definition["spec"]
    there = {version["name"] for version in spec["versions"]}
    added = [
        {"name": version, "served": True, "storage": False, "schema": _ANYTHING, "subresources": {"status": {}}}
        for version in sorted(written.get((spec["group"], spec["names"]["kind"]), set()) - there)
    ]
    return {**definition, "spec": {**spec, "versions": [*spec["versions"], *added]}} if added else definition


def with_operator(definitions: Iterable[JsonObject]) -> list[JsonObject]:
    """Return definitions as flux-operator changes them: alerts and receivers may be about its kinds too.

    Git can't tell whether an operator runs the cluster: what installs it may be elsewhere.
    """
    return [_with_kinds(d) if d["spec"]["group"] == "notification.toolkit.fluxcd.io" else d for d in definitions]


def _with_kinds(value: Any) -> Any:
    """Return a definition in which whatever may be a Kustomization may also be one of the operator's kinds."""
    if isinstance(value, dict):
        return {key: _with_kinds(below) for key, below in value.items()}
    if isinstance(value, list):
        added = [kind for kind in OPERATOR_KINDS if kind not in value] if "Kustomization" in value else []
        return [*map(_with_kinds, value), *added]
    return value


def _open_definition(group: str, kind: str, resources: list[Resource], *, namespaced: bool) -> JsonObject:
    singular = kind.lower()
    plural = f"{singular[:-1]}ies" if singular.endswith("y") and singular[-2:-1] not in "aeiou" else f"{singular}s"
    versions = sorted({resource.api_version.rpartition("/")[2] for resource in resources})
    return {
        "apiVersion": _API_EXTENSIONS,
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            # Groups below k8s.io are protected: the API server asks who approved of them.
            "annotations": {"api-approved.kubernetes.io": "unapproved, made by pytest-gitops for a test"},
        },
        "spec": {
            "group": group,
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": singular},
            "scope": "Namespaced" if namespaced else "Cluster",
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": number == 0,
                    "schema": _ANYTHING,
                    "subresources": {"status": {}},
                }
                for number, version in enumerate(versions)
            ],
        },
    }


def unavailable(cluster: Cluster) -> list[ResourceId]:
    """Return the sources that can't be had here, and the Kustomizations and HelmReleases that are skipped for it.

    Of a HelmRepository, a chart that came from it shows that it can.
    """
    had = {release.chart.source for release in cluster.helm_releases if release.chart is not None}
    absent = (source for source in cluster.sources if source.directory is None)
    sources = [s.id for s in absent if s.reason or (s.id.kind == "HelmRepository" and str(s.id) not in had)]
    parts = [*cluster.kustomizations, *cluster.helm_releases]
    return [*sources, *(part.id for part in parts if isinstance(part.outcome, Skipped))]


class Simulated:
    """Says of suspended objects that they are Ready, from a thread, for as long as it isn't closed.

    So what depends on a HelmRelease whose chart can't be fetched goes on without it.
    """

    def __init__(self, api: Api, objects: Iterable[tuple[Kind, ResourceId]]) -> None:
        self._api = api
        self._objects = list(objects)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gitops-simulated", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; may be called twice."""
        self._ended.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while self._objects and not self._ended.wait(PAUSE):
            for kind, id in self._objects:
                try:
                    self._say(kind, id)
                except (ApiError, LiveError):
                    continue

    def _say(self, kind: Kind, id: ResourceId) -> None:
        obj = self._api.get(kind, id.namespace, id.name)
        if obj is None or not (obj.get("spec") or {}).get("suspend"):
            return
        generation = obj["metadata"]["generation"]
        if (obj.get("status") or {}).get("observedGeneration") == generation:
            return
        condition = {
            "type": "Ready",
            "status": "True",
            "reason": REASON,
            "message": "it is not available here, and is taken for ready",
            "lastTransitionTime": obj["metadata"]["creationTimestamp"],
        }
        status = {"observedGeneration": generation, "conditions": [condition]}
        self._api.merge(kind, id.namespace, id.name, {"status": status}, status=True)
