"""Where the corpora are, and what of them an oracle can judge."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from corpora import CORPORA

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLE = PROJECT / "example-repo"
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


def cases(parts: Callable[[Path], Iterator[tuple[str, Any]]]) -> list[Any]:
    """Return a test's parameters (tree, part) for each named part of the example and of each tree of the corpora."""
    trees = [EXAMPLE, *sorted(path for pattern in TREES for path in CORPORA.glob(pattern) if path.is_dir())]
    found = [pytest.param(tree, part, id=f"{tree.name}/{name}") for tree in trees for name, part in parts(tree)]
    if CORPORA.is_dir():
        return found
    reason = f"the corpora are not at {CORPORA} (set GITOPS_CORPORA)"
    return [*found, pytest.param(None, None, id="corpora", marks=pytest.mark.skip(reason))]


def overlays(tree: Path) -> Iterator[tuple[str, str]]:
    """Yield the directories below a tree, relative to it, that hold a kustomization file and are no Component.

    Each twice: as the name of a case, and as its part.
    """
    for directory in sorted({path.parent for name in OVERLAY_FILES for path in tree.rglob(name)}):
        file = next(directory / name for name in OVERLAY_FILES if (directory / name).is_file())
        head = next(documents(file), None)
        if isinstance(head, dict) and head.get("kind") == "Component":
            continue
        path = directory.relative_to(tree).as_posix()
        yield path, path


def flux_kustomizations(tree: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every Flux Kustomization written in a tree whose path exists there, named by the file that holds it."""
    for file in sorted([*tree.rglob("*.yaml"), *tree.rglob("*.yml")]):
        if b"kustomize.toolkit.fluxcd.io" not in file.read_bytes():
            continue
        for document in documents(file):
            if _is_flux_kustomization(document) and (tree / path_of(document)).is_dir():
                yield f"{file.relative_to(tree).as_posix()}/{document['metadata']['name']}", document


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
