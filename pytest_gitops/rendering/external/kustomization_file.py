"""What a kustomization file names, in the order of kustomize's fields."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_SCP_LIKE = re.compile(r"^[\w.+-]+@[\w.-]+[:/]")
_REMOTE_PREFIXES = ("git::", "gh:", "git@", "github.com:", "github.com/")


@dataclass(frozen=True, slots=True)
class KustomizationFile:
    """``local`` are paths relative to the file's directory as it names them, ``remote`` what has to be fetched."""

    component: bool = False
    local: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()

    def references(self, directory: str) -> tuple[str, ...]:
        """Return the paths within the tree that the file in ``directory`` names; "" is the root."""
        return tuple(path for path in (resolve(directory, name) for name in self.local) if path is not None)

    def escapes(self, directory: str) -> tuple[str, ...]:
        """Return the names that leave the tree."""
        return tuple(name for name in self.local if resolve(directory, name) is None)


def parse(content: Any) -> KustomizationFile:
    """Return what a parsed kustomization file says; whatever has an unexpected shape is passed over."""
    if not isinstance(content, dict):
        return KustomizationFile()
    names = [name for name in _names(content) if name and "\n" not in name]
    return KustomizationFile(
        component=content.get("kind") == "Component",
        local=tuple(name for name in names if not is_remote(name)),
        remote=tuple(name for name in names if is_remote(name)),
    )


def is_remote(name: str) -> bool:
    """Tell whether kustomize takes a name for something to be fetched."""
    return "://" in name or bool(_SCP_LIKE.match(name)) or name.lower().startswith(_REMOTE_PREFIXES)


def resolve(directory: str, name: str) -> str | None:
    """Return a path relative to the tree's root, "" for the root, None where it leaves the tree."""
    if name.startswith("/"):
        return None
    path = posixpath.normpath(posixpath.join(directory, name))
    if path == ".." or path.startswith("../"):
        return None
    return "" if path == "." else path


def _names(content: dict[str, Any]) -> Iterator[str]:
    for field in ("resources", "bases", "components", "crds", "configurations"):
        yield from _strings(content.get(field))
    for field in ("generators", "transformers", "validators"):
        yield from _strings(content.get(field))
    yield from _paths(content.get("patches"))
    yield from _strings(content.get("patchesStrategicMerge"))
    yield from _paths(content.get("patchesJson6902"))
    yield from _paths(content.get("replacements"))
    for field in ("configMapGenerator", "secretGenerator"):
        for generator in _mappings(content.get(field)):
            yield from (name.partition("=")[2] or name for name in _strings(generator.get("files")))
            yield from _strings(generator.get("envs"))
            yield from _strings([generator.get("env")])
    yield from _paths([content.get("openapi")])


def _strings(value: Any) -> Iterator[str]:
    yield from (item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _paths(value: Any) -> Iterator[str]:
    yield from _strings([item.get("path") for item in _mappings(value)])
