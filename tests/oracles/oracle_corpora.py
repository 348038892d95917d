"""Where the corpora are, and what of them an oracle can judge."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
CORPORA = Path(os.environ.get("GITOPS_CORPORA", PROJECT.parent / "shared" / "corpora"))
MISSING = f"the corpora are not at {CORPORA} (set GITOPS_CORPORA)"

TREES = ("repos/*", "layouts", "golden/flux-build", "golden/flux-pkg-kustomize")
OVERLAY_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Loader(yaml.CSafeLoader):
    """Reads YAML 1.1 as Kubernetes' libraries do where PyYAML doesn't: no dates, and a lone ``=`` is a string."""


def _drop_resolvers(*tags: str) -> None:
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in tags]
        for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }


_drop_resolvers("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")


def trees() -> list[Path]:
    """Return the directories that stand for a source each; none where the corpora are missing."""
    return sorted(path for pattern in TREES for path in CORPORA.glob(pattern) if path.is_dir())


def overlays(tree: Path) -> Iterator[str]:
    """Yield the directories below a tree, relative to it, that hold a kustomization file and are no Component."""
    for directory in sorted({path.parent for name in OVERLAY_FILES for path in tree.rglob(name)}):
        file = next(directory / name for name in OVERLAY_FILES if (directory / name).is_file())
        head = next(documents(file), None)
        if isinstance(head, dict) and head.get("kind") == "Component":
            continue
        yield directory.relative_to(tree).as_posix()


def flux_kustomizations(tree: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every Flux Kustomization written in a tree whose path exists there, with the file that holds it."""
    for file in sorted([*tree.rglob("*.yaml"), *tree.rglob("*.yml")]):
        if b"kustomize.toolkit.fluxcd.io" not in file.read_bytes():
            continue
        for document in documents(file):
            if _is_flux_kustomization(document) and (tree / path_of(document)).is_dir():
                yield file.relative_to(tree).as_posix(), document


def path_of(kustomization: dict[str, Any]) -> str:
    """Return ``spec.path`` relative to the source's root."""
    return os.path.normpath(str(kustomization["spec"].get("path") or ".").lstrip("/"))


def documents(file: Path) -> Iterator[Any]:
    """Yield the YAML documents of a file, up to the first that can't be read."""
    try:
        yield from yaml.load_all(file.read_text(encoding="utf-8"), Loader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return


def _is_flux_kustomization(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and document.get("kind") == "Kustomization"
        and str(document.get("apiVersion")).startswith("kustomize.toolkit.fluxcd.io/")
        and isinstance(document.get("spec"), dict)
        and isinstance(document.get("metadata"), dict)
        and isinstance(document["metadata"].get("name"), str)
    )
