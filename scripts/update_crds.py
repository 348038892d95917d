"""Write the CustomResourceDefinitions that the engine embeds, one file a project.

Usage: python scripts/update_crds.py

Flux's are those of one Flux release: from a controller's ``config/crd/bases`` where the Go module proxy has the
controller, else generated from its ``api`` module by the tool that the controllers themselves use for it.
Descriptions are left out.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import modules
import yaml

TARGET = Path(__file__).parent.parent / "engine/internal/validate/custom/data"
OPERATOR_KINDS = ["FluxInstance", "ResourceSet", "ResourceSetInputProvider"]
GENERATOR = "sigs.k8s.io/controller-tools/cmd/controller-gen@v0.21.0"

# Module, version and directory (or file) of the definitions; "generate" where they are made from Go types.
SOURCES: dict[str, list[tuple[str, str, str]]] = {
    # Flux 2.9.5
    "flux": [
        ("github.com/fluxcd/source-controller", "v1.9.5", "config/crd/bases"),
        ("github.com/fluxcd/kustomize-controller", "v1.9.5", "config/crd/bases"),
        ("github.com/fluxcd/helm-controller", "v1.6.4", "config/crd/bases"),
        ("github.com/fluxcd/notification-controller/api", "v1.9.4", "generate"),
        ("github.com/fluxcd/image-reflector-controller/api", "v1.2.5", "generate"),
        ("github.com/fluxcd/image-automation-controller/api", "v1.2.5", "generate"),
        ("github.com/fluxcd/source-watcher/api/v2", "v2.2.4", "generate"),
    ],
    "flux-operator": [("github.com/controlplaneio-fluxcd/flux-operator", "v0.58.0", "config/crd/bases")],
    "flagger": [("github.com/fluxcd/flagger", "v1.36.1", "charts/flagger/crds")],
    # The experimental channel holds all that the standard one does, and more.
    "gateway-api": [("sigs.k8s.io/gateway-api", "v1.6.3", "config/crd/experimental")],
}


def main() -> None:
    """Write every project's file."""
    for project, sources in SOURCES.items():
        found = [crd for source in sources for crd in definitions(*source)]
        found.sort(key=lambda crd: crd["metadata"]["name"])
        modules.write(TARGET / f"{project}.json.gz", found)


def definitions(module: str, version: str, where: str) -> Iterator[dict[str, Any]]:
    """Yield the definitions of one module."""
    root = modules.directory(module, version)
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) if where == "generate" else root / where
        if where == "generate":
            generate(root, directory)
        for file in sorted(directory.glob("*.yaml")):
            for document in yaml.safe_load_all(file.read_text()):
                if document and document.get("kind") == "CustomResourceDefinition":
                    yield with_operator(bare(document))


def generate(module: Path, target: Path) -> None:
    """Write the definitions of a module's API types."""
    command = ["go", "run", GENERATOR, "crd", "paths=./...", f"output:crd:dir={target}"]
    subprocess.run(command, cwd=module, env={**os.environ, "GOFLAGS": "-mod=mod"}, check=True)


def with_operator(crd: dict[str, Any]) -> dict[str, Any]:
    """Return a definition as flux-operator installs it: its own kinds are allowed in Alerts and Receivers too."""
    lists = {"Alert": "eventSources", "Receiver": "resources"}
    kind = crd["spec"]["names"]["kind"]
    if crd["spec"]["group"] == "notification.toolkit.fluxcd.io" and kind in lists:
        for item in crd["spec"]["versions"]:
            spec = item["schema"]["openAPIV3Schema"]["properties"]["spec"]
            spec["properties"][lists[kind]]["items"]["properties"]["kind"]["enum"] += OPERATOR_KINDS
    return crd


def bare(crd: dict[str, Any]) -> dict[str, Any]:
    """Return a definition with its name and spec only, without descriptions."""
    spec = {key: value for key, value in crd["spec"].items() if key in ("group", "names", "scope", "versions")}
    spec["versions"] = [version(item) for item in spec["versions"]]
    return {
        "apiVersion": crd["apiVersion"],
        "kind": crd["kind"],
        "metadata": {"name": crd["metadata"]["name"]},
        "spec": spec,
    }


def version(item: dict[str, Any]) -> dict[str, Any]:
    """Return one version without printer columns, and with a schema without descriptions."""
    kept = {key: value for key, value in item.items() if key not in ("additionalPrinterColumns", "schema")}
    return {**kept, "schema": {"openAPIV3Schema": undescribed(item["schema"]["openAPIV3Schema"])}}


def undescribed(schema: Any) -> Any:
    """Return a schema without descriptions (a property may have that name)."""
    if isinstance(schema, list):
        return [undescribed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key != "description"}
    for key in ("items", "additionalProperties", "not", "allOf", "anyOf", "oneOf"):
        if key in kept:
            kept[key] = undescribed(kept[key])
    if "properties" in kept:
        kept["properties"] = {name: undescribed(value) for name, value in kept["properties"].items()}
    return kept


if __name__ == "__main__":
    main()
