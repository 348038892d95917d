"""Where each snapshot lies: names that are safe, that never collide, and that say what they are about."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_gitops.model import Cluster, Fleet, Kustomization, Overlay, Part
from pytest_gitops.paths import clean, is_below
from pytest_gitops.snapshots.variants import Variants, directory_in

SUFFIX = ".yaml"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]|^\.|^-")
_KIND = re.compile(r"\.(?=[a-z]+$)")
_LONGEST = 150
_KUSTOMIZATION_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


@dataclass(frozen=True, slots=True)
class Planned:
    """One snapshot that a fleet has: its file, relative to the snapshots' folder, and what it is of."""

    file: str
    cluster: Cluster | None
    part: Part | Overlay | Variants


class Plan:
    """All snapshots of a fleet; ``folder`` is absolute.

    ``clusters`` are the chosen ones' names where the run is about some clusters only: snapshots of others, and of
    what isn't one cluster's, are none of its business then.
    """

    def __init__(self, fleet: Fleet, folder: Path, variants: tuple[Variants, ...], *, partial: bool = False) -> None:
        self.folder = folder
        self._partial = partial
        self._clusters = [cluster.name for cluster in fleet.clusters]
        self._planned = list(_planned(fleet, variants))
        self._files = {id(planned.part): planned.file for planned in self._planned}

    def path(self, part: Part | Overlay | Variants) -> Path:
        """Return the file of a part's snapshot."""
        return self.folder / self._files[id(part)]

    @property
    def paths(self) -> frozenset[Path]:
        """The files of all snapshots."""
        return frozenset(self.folder / planned.file for planned in self._planned)

    def strays(self) -> Iterator[Path]:
        """Yield the files that lie where this run's snapshots do, and are none of them."""
        known = self.paths
        for path in sorted(self.folder.rglob(f"*{SUFFIX}")) if self.folder.is_dir() else ():
            if path not in known and path.is_file() and not path.is_symlink() and self._concerns(path):
                yield path

    def _concerns(self, path: Path) -> bool:
        directory = "/".join(path.relative_to(self.folder).parts[:-2])
        return not self._partial or directory in {cluster_folder(name) for name in self._clusters}


def cluster_folder(name: str) -> str:
    """Return the folder of a cluster's snapshots, relative to the snapshots' folder."""
    return "/".join(("clusters", *map(_directory, name.split("/"))))


def _planned(fleet: Fleet, variants: tuple[Variants, ...]) -> Iterator[Planned]:
    for cluster in fleet.clusters:
        seen: Counter[str] = Counter()
        for part in cluster.parts:
            name = f"{cluster_folder(cluster.name)}/{_of_part(part)}"
            seen[name] += 1
            yield Planned(f"{name}{f'~{seen[name]}' if seen[name] > 1 else ''}{SUFFIX}", cluster, part)
    for overlay in fleet.overlays:
        yield Planned(f"overlays/{_of_path(overlay.path)}{SUFFIX}", None, overlay)
    for group in variants:
        file = _of_part(group.parts[0]) if group.base is None else _of_path(group.base)
        yield Planned(f"variants/{'clusters' if group.base is None else 'overlays'}/{file}{SUFFIX}", None, group)


def _of_part(part: Part | Overlay) -> str:
    """Return ``namespace/name``, and the kind behind it where that isn't Kustomization."""
    if isinstance(part, Overlay):
        return _of_path(part.path)
    if isinstance(part, Kustomization):
        return f"{_directory(part.id.namespace)}/{_KIND.sub('%2E', safe(part.id.name))}"
    return f"{_directory(part.id.namespace)}/{safe(part.id.name)}.{safe(part.id.kind.lower())}"


def _of_path(path: str) -> str:
    *parents, last = (clean(path) or ".").split("/")
    return "/".join((*map(_directory, parents), safe(last)))


def _directory(name: str) -> str:
    """Return a name as one of a directory, which no file's name is."""
    return re.sub(r"\.(?=yaml$)", "%2E", safe(name)) or "_"


def safe(name: str) -> str:
    """Return a name as one component of a path, whatever it is; two names never become one."""
    escaped = _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)
    if len(escaped) <= _LONGEST:
        return escaped
    return f"{escaped[:_LONGEST]}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def applier(fleet: Fleet, folder: str) -> tuple[Cluster, Kustomization] | None:
    """Return a Kustomization that would apply the files of a folder, None where there is none.

    For a path without a kustomization file, kustomize-controller makes one of all YAML files below it, but for those
    below a directory that has one. Files that a .sourceignore leaves out are not told from others.
    """
    for cluster in fleet.clusters:
        for kustomization in cluster.kustomizations:
            start = directory_in(fleet.root, kustomization)
            if start is not None and is_below(folder, start) and not _has_kustomization(fleet.root, start, folder):
                return cluster, kustomization
    return None


def _has_kustomization(root: Path, start: str, folder: str) -> bool:
    way = [
        root / start,
        *reversed([p for p in (root / folder).parents if p.is_relative_to(root / start)]),
        root / folder,
    ]
    return any((directory / name).is_file() for directory in way for name in _KUSTOMIZATION_FILES)
