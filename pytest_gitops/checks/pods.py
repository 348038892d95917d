"""What rules share about pods: where a workload holds its pod, and its containers."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import FieldPath
from pytest_gitops.model import JsonObject, Resource

_PODS: dict[str, FieldPath] = {"Pod": (), "CronJob": ("spec", "jobTemplate", "spec", "template")}
_LISTS = ("containers", "initContainers", "ephemeralContainers")


def mapping(value: object, *keys: str) -> JsonObject:
    """Return the mapping below ``keys``; an empty one where something else, or nothing, is there."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> Iterator[tuple[int, JsonObject]]:
    """Yield index and value of the mappings in a list; nothing for what is no list."""
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield index, item


def pod_template(resource: Resource) -> tuple[FieldPath, JsonObject]:
    """Return the path and content of a workload's pod template: what has the pod's metadata and spec."""
    path = _PODS.get(resource.kind, ("spec", "template"))
    return path, mapping(resource.object, *map(str, path))


def pod_spec(resource: Resource) -> tuple[FieldPath, JsonObject]:
    """Return the path and content of a workload's pod spec."""
    path, template = pod_template(resource)
    return (*path, "spec"), mapping(template, "spec")


def containers(resource: Resource) -> Iterator[tuple[FieldPath, JsonObject]]:
    """Yield the path and content of the containers that run as long as the pod does: neither init nor ephemeral."""
    yield from _containers(resource, "containers")


def all_containers(resource: Resource) -> Iterator[tuple[FieldPath, JsonObject]]:
    """Yield the path and content of every container, init and ephemeral ones included."""
    for name in _LISTS:
        yield from _containers(resource, name)


def _containers(resource: Resource, name: str) -> Iterator[tuple[FieldPath, JsonObject]]:
    path, spec = pod_spec(resource)
    for index, container in mappings(spec.get(name)):
        yield (*path, name, index), container


def security_contexts(resource: Resource) -> Iterator[tuple[FieldPath, JsonObject]]:
    """Yield the path and content of the security contexts of a workload's pod and of all its containers."""
    path, spec = pod_spec(resource)
    yield (*path, "securityContext"), mapping(spec, "securityContext")
    for where, container in all_containers(resource):
        yield (*where, "securityContext"), mapping(container, "securityContext")


def is_windows(resource: Resource) -> bool:
    """Return whether the pod says that it is for Windows, to which some controls don't apply."""
    return mapping(pod_spec(resource)[1], "os").get("name") == "windows"
