"""The ConfigMaps, Secrets and claims that pods refer to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_gitops.checks.pods import all_containers, mapping, mappings, pod_spec
from pytest_gitops.checks.references._lookup import named
from pytest_gitops.checks.rule import FieldPath
from pytest_gitops.model import JsonObject, Resource


@dataclass(frozen=True, slots=True)
class PodReference:
    """An object of the pod's namespace that a pod can't start without; ``key`` is the key it needs of it, if one."""

    kind: str
    name: str
    path: FieldPath
    key: str = ""
    key_path: FieldPath = ()


def references(resource: Resource, kind: str) -> Iterator[PodReference]:
    """Yield a workload's references to ConfigMaps or Secrets that aren't optional."""
    for found in (*_environment(resource), *_volumes(resource)):
        if found.kind == kind and found.name:
            yield found


def claims(resource: Resource) -> Iterator[PodReference]:
    """Yield a workload's references to PersistentVolumeClaims."""
    path, spec = pod_spec(resource)
    for index, volume in mappings(spec.get("volumes")):
        claim = mapping(volume, "persistentVolumeClaim")
        if name := named(claim.get("claimName")):
            where = (*path, "volumes", index, "persistentVolumeClaim", "claimName")
            yield PodReference("PersistentVolumeClaim", name, where)


def _environment(resource: Resource) -> Iterator[PodReference]:
    for path, container in all_containers(resource):
        for index, entry in mappings(container.get("envFrom")):
            for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
                yield from _reference(kind, entry, field, (*path, "envFrom", index))
        for index, entry in mappings(container.get("env")):
            for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
                yield from _reference(kind, mapping(entry, "valueFrom"), field, (*path, "env", index, "valueFrom"))


def _volumes(resource: Resource) -> Iterator[PodReference]:
    path, spec = pod_spec(resource)
    for index, volume in mappings(spec.get("volumes")):
        where = (*path, "volumes", index)
        yield from _volume(volume, where)
        for position, source in mappings(mapping(volume, "projected").get("sources")):
            yield from _volume(source, (*where, "projected", "sources", position))


def _volume(volume: JsonObject, path: FieldPath) -> Iterator[PodReference]:
    for kind, field, name_field in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
        source = mapping(volume, field)
        name_key = name_field if name_field in source else "name"
        name = named(source.get(name_key))
        if not name or source.get("optional") is True:
            continue
        items = [(position, named(item.get("key"))) for position, item in mappings(source.get("items"))]
        for position, key in items or [(0, "")]:
            key_path = (*path, field, "items", position, "key") if items else ()
            yield PodReference(kind, name, (*path, field, name_key), key, key_path)


def _reference(kind: str, holder: JsonObject, field: str, path: FieldPath) -> Iterator[PodReference]:
    reference = mapping(holder, field)
    if reference and reference.get("optional") is not True:
        key = named(reference.get("key"))
        where = (*path, field)
        yield PodReference(kind, named(reference.get("name")), (*where, "name"), key, (*where, "key") if key else ())
