"""What depends on what: Kustomizations on Kustomizations, HelmReleases on HelmReleases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.rule import FieldPath
from pytest_gitops.model import Kustomization, Part, Resource

KINDS = ("Kustomization", "HelmRelease")


@dataclass(frozen=True, slots=True)
class Dependency:
    """One entry of ``spec.dependsOn``: who depends, on which name, and where that is written.

    ``subject`` is the dependent object, ``namespace`` the dependency's, which is the dependent's own where the
    entry names none (helm-controller and kustomize-controller, all versions).
    """

    subject: Part | Resource
    index: int
    kind: str
    namespace: str
    name: str

    @property
    def path(self) -> FieldPath:
        """The field of the dependent object."""
        return ("spec", "dependsOn", self.index)

    @property
    def target(self) -> str:
        """``namespace/name`` of the dependency."""
        return f"{self.namespace}/{self.name}"

    @property
    def part(self) -> str:
        """The ``Part.name`` of the dependency."""
        return self.target if self.kind == "Kustomization" else f"{self.kind}/{self.target}"

    @property
    def dependent(self) -> str:
        """``namespace/name`` of the dependent."""
        return name_of(self.subject)


def name_of(subject: Part | Resource) -> str:
    """Return ``namespace/name``."""
    return f"{subject.id.namespace}/{subject.id.name}"


def nodes(index: ClusterIndex, kind: str) -> dict[str, Kustomization | Resource]:
    """Return what can be depended on, by ``namespace/name``.

    All Kustomizations of the hub reconcile there, whichever cluster they apply to.
    """
    if kind == "Kustomization":
        return {k.name: k for k in index.cluster.kustomizations if not k.implicit}
    found: dict[str, Kustomization | Resource] = {}
    for owned in index.of_kind("HelmRelease"):
        found.setdefault(name_of(owned.resource), owned.resource)
    return found


def dependencies(subject: Part | Resource) -> Iterator[Dependency]:
    """Yield the entries of ``spec.dependsOn``, those left out that are no objects with a name."""
    entries: Any = subject.spec.get("dependsOn")
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and entry.get("name"):
            namespace = str(entry.get("namespace") or subject.id.namespace)
            yield Dependency(subject, position, subject.id.kind, namespace, str(entry["name"]))


def all_dependencies(index: ClusterIndex) -> Iterator[tuple[Dependency, dict[str, Kustomization | Resource]]]:
    """Yield every dependency of a cluster, each with what there is of its kind."""
    for kind in KINDS:
        known = nodes(index, kind)
        for subject in known.values():
            for dependency in dependencies(subject):
                yield dependency, known


def cycles(index: ClusterIndex, kind: str) -> Iterator[list[Dependency]]:
    """Yield each cycle of dependencies once, as the dependencies along it, from its first name in the alphabet on.

    A cycle is found by a depth-first walk without recursion; of several that share nodes, those that the walk meets.
    """
    known = nodes(index, kind)
    finished: set[str] = set()
    for start in sorted(known):
        yield from _cycles_from(start, known, finished)


def _cycles_from(
    start: str, known: dict[str, Kustomization | Resource], finished: set[str]
) -> Iterator[list[Dependency]]:
    path: list[Dependency] = []
    on_path: dict[str, int] = {start: 0}
    stack = [iter(list(dependencies(known[start])))] if start not in finished else []
    while stack:
        dependency = next(stack[-1], None)
        if dependency is None:
            stack.pop()
            left = path.pop().target if path else start
            finished.add(left)
            on_path.pop(left, None)
        elif dependency.target in on_path:
            yield _rotated([*path[on_path[dependency.target] :], dependency])
        elif dependency.target in known and dependency.target not in finished:
            path.append(dependency)
            on_path[dependency.target] = len(path)
            stack.append(iter(list(dependencies(known[dependency.target]))))


def _rotated(cycle: list[Dependency]) -> list[Dependency]:
    first = min(range(len(cycle)), key=lambda position: cycle[position].dependent)
    return cycle[first:] + cycle[:first]
