"""Write the schemas of Kubernetes' built-in kinds that the engine embeds, one file a minor version.

Usage: python scripts/update_kubernetes.py

Takes ``api/openapi-spec/swagger.json`` of the module k8s.io/kubernetes and keeps what validation needs: the kinds that
can be created, whether they are namespaced, and the definitions they reach, without descriptions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import modules

# The eight newest minor versions, each at its newest patch release that the Go module proxy has.
VERSIONS = ("1.30.14", "1.31.14", "1.32.13", "1.33.13", "1.34.4", "1.35.4", "1.36.3", "1.37.1")
TARGET = Path(__file__).parent.parent / "engine/internal/validate/kube/data"
KEPT = ("type", "format", "required", "x-kubernetes-list-type", "x-kubernetes-list-map-keys")
REFERENCE = "#/definitions/"

Json = dict[str, Any]


def main() -> None:
    """Write every version's file, and remove those of versions that left the list."""
    wanted = {TARGET / f"v{version.rpartition('.')[0]}.json.gz": version for version in VERSIONS}
    for path, version in wanted.items():
        source = modules.directory("k8s.io/kubernetes", f"v{version}") / "api/openapi-spec/swagger.json"
        modules.write(path, {"version": version, **extract(json.loads(source.read_text()))})
    for stale in set(TARGET.glob("*.json.gz")) - set(wanted):
        stale.unlink()


def extract(swagger: Json) -> Json:
    """Return ``{"kinds": {"apps/v1/Deployment": {"schema", "namespaced"}}, "definitions": {}}``."""
    schemas = dict(schemas_by_kind(swagger))
    kinds = {kind: {"namespaced": scope, "schema": schemas[kind]} for kind, scope in creatable(swagger)}
    names: set[str] = set()
    for kind in kinds.values():
        reach(str(kind["schema"]), swagger["definitions"], names)
    definitions = {short(name): stripped(swagger["definitions"][name]) for name in names}
    for kind in kinds.values():
        kind["schema"] = short(str(kind["schema"]))
    return {"kinds": kinds, "definitions": definitions}


def schemas_by_kind(swagger: Json) -> Iterator[tuple[str, str]]:
    """Yield each kind that has one definition of its own (DeleteOptions and the like are of all groups)."""
    for name, schema in swagger["definitions"].items():
        kinds = schema.get("x-kubernetes-group-version-kind", ())
        if len(kinds) == 1:
            yield identity(kinds[0]), name


def creatable(swagger: Json) -> Iterator[tuple[str, bool]]:
    """Yield each kind that a POST to its own collection creates, and whether that collection is a namespace's."""
    for path, operations in swagger["paths"].items():
        post = operations.get("post")
        if post and "{name}" not in path and "x-kubernetes-group-version-kind" in post:
            kind = post["x-kubernetes-group-version-kind"]
            if post.get("x-kubernetes-action") == "post":
                yield identity(kind), "{namespace}" in path


def identity(kind: Json) -> str:
    """Return ``apps/v1/Deployment``, or ``v1/Pod`` for the core group."""
    return "/".join(part for part in (kind["group"], kind["version"], kind["kind"]) if part)


def reach(name: str, definitions: Json, names: set[str]) -> None:
    """Add a definition and all it refers to."""
    if name not in names:
        names.add(name)
        for reference in references(definitions[name]):
            reach(reference, definitions, names)


def references(schema: Any) -> Iterator[str]:
    """Yield the names of the definitions that a schema refers to."""
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.removeprefix(REFERENCE)
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def stripped(schema: Json) -> Json:
    """Return a schema without anything but structure."""
    kept: Json = {key: schema[key] for key in KEPT if key in schema}
    if reference := schema.get("$ref"):
        kept["$ref"] = short(reference.removeprefix(REFERENCE))
    if properties := schema.get("properties"):
        kept["properties"] = {name: stripped(value) for name, value in properties.items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            kept[key] = stripped(schema[key])
    return kept


def short(name: str) -> str:
    """Return a definition's name without what all of them begin with."""
    for prefix in ("io.k8s.apimachinery.pkg.apis.", "io.k8s.apimachinery.pkg.", "io.k8s.api."):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name.removeprefix("io.k8s.")


if __name__ == "__main__":
    main()
