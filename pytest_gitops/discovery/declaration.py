"""Flux's own objects as the repository's files hold them, before anything is rendered."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from pytest_gitops.model import JsonObject, Location, group_of
from pytest_gitops.objects import mapping, name_of, namespace_of, scalar
from pytest_gitops.paths import ancestors, clean, directory_of, is_below
from pytest_gitops.rendering import Index, IndexedObject

KUSTOMIZE_GROUP = "kustomize.toolkit.fluxcd.io"
SOURCE_GROUP = "source.toolkit.fluxcd.io"
TEMPLATE = re.compile(r"\{\{|<<|\$\{|@@|%\}")
# Where repositories keep what no cluster runs, as in hidden directories. Looked at only where there is nothing else.
ARCHIVES = frozenset({"_archive", "_archived", "archive", "archived"})
DEAD_ANYWHERE = frozenset({"examples", "testdata"})
DEAD_AT_THE_TOP = frozenset(
    {
        "doc",
        "docs",
        "e2e",
        "example",
        "hack",
        "samples",
        "template",
        "templates",
        "test",
        "tests",
    }
)
# A directory of one of these names holds one directory a cluster.
CLUSTER_PARENTS = frozenset({"clusters", "environments", "envs"})


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """A Flux Kustomization as a file holds it; a cluster may hold it patched, renamed, or not at all.

    ``path`` is its cleaned ``spec.path``, None where it holds text that only a render replaces.
    ``source`` is kind, namespace and name of its ``sourceRef``.
    """

    location: Location
    object: JsonObject
    namespace: str
    name: str
    path: str | None
    source: tuple[str, str, str] | None

    @property
    def file(self) -> str:
        """The file that holds it."""
        return self.location.file

    @property
    def identity(self) -> tuple[str, str]:
        """Namespace and name, which one cluster can hold once only."""
        return self.namespace, self.name


def is_kustomization(obj: JsonObject) -> bool:
    """Tell whether an object is a Flux Kustomization of any version."""
    return obj.get("kind") == "Kustomization" and group_of(scalar(obj, "apiVersion")) == KUSTOMIZE_GROUP


def is_source(obj: JsonObject) -> bool:
    """Tell whether an object is one of source-controller's."""
    return group_of(scalar(obj, "apiVersion")) == SOURCE_GROUP


def declarations(index: Index, ignored: tuple[str, ...] = ()) -> list[Declaration]:
    """Return the Kustomizations that a cluster may hold, in the order of files and lines.

    Helm charts' templates and patches without a source aren't among them; neither are documentation, examples,
    tests and archives, unless they are all there is.
    """
    found = [
        _declaration(item)
        for item in index.objects
        if is_kustomization(item.object) and not in_chart(item.location.file, index.charts)
    ]
    real = [d for d in found if d.source is not None and "{{" not in f"{d.name}{d.path}"]
    kept = [d for d in real if not any(is_below(d.file, path) for path in ignored)]
    return [d for d in kept if not is_dead_corner(d.file)] or kept


def is_dead_corner(file: str) -> bool:
    """Tell whether a file lies among documentation, examples or tests, in an archive or a hidden directory."""
    named = _directories(file)
    top = file.partition("/")[0]
    return top in DEAD_AT_THE_TOP & named or not DEAD_ANYWHERE.isdisjoint(named) or is_archived(file)


def is_archived(file: str) -> bool:
    """Tell whether a file lies in an archive or a hidden directory."""
    return any(part in ARCHIVES or part.startswith(".") for part in _directories(file))


def _directories(file: str) -> set[str]:
    """Return the names of the directories above a file, but for those that name clusters."""
    parts = file.split("/")[:-1]
    return {part for above, part in zip(["", *parts], parts, strict=False) if above not in CLUSTER_PARENTS}


def in_chart(file: str, charts: tuple[str, ...]) -> bool:
    """Tell whether a file is one of a Helm chart's templates, hence no manifest."""
    return any(
        directory.rpartition("/")[2] == "templates" and directory_of(directory) in charts
        for directory in ancestors(file)
    )


def declared_sources(index: Index) -> dict[tuple[str, str], list[IndexedObject]]:
    """Return the files' source objects by kind and name."""
    found: dict[tuple[str, str], list[IndexedObject]] = defaultdict(list)
    for item in index.objects:
        if is_source(item.object):
            found[str(item.object.get("kind")), name_of(item.object)].append(item)
    return found


def _declaration(item: IndexedObject) -> Declaration:
    spec = mapping(item.object, "spec")
    namespace = namespace_of(item.object)
    path = scalar(spec, "path")
    return Declaration(
        location=item.location,
        object=item.object,
        namespace=namespace,
        name=name_of(item.object),
        path=None if TEMPLATE.search(path) else clean(path),
        source=_source(mapping(spec, "sourceRef"), namespace),
    )


def _source(reference: JsonObject, namespace: str) -> tuple[str, str, str] | None:
    name = scalar(reference, "name")
    return (scalar(reference, "kind"), scalar(reference, "namespace") or namespace, name) if name else None
