"""Finds what are variants of one thing: the part that several clusters have, and overlays of one base."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pytest_gitops.locating import LOADER
from pytest_gitops.model import Cluster, Fleet, Kustomization, Overlay, Part
from pytest_gitops.nesting import is_too_deep
from pytest_gitops.objects import listed
from pytest_gitops.paths import clean

_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant: what it is called among the others, its part, and the cluster that has it (None: an overlay)."""

    label: str
    cluster: Cluster | None
    part: Part | Overlay


@dataclass(frozen=True, slots=True)
class Variants:
    """Two or more variants of one thing; ``base`` is the directory they share, None for one part of several clusters.

    ``name`` is the part's, or the base's path. ``file`` stands for them in pytest's node ids.
    """

    name: str
    base: str | None
    variants: tuple[Variant, ...]

    @property
    def title(self) -> str:
        """The name as part of a node id: a part's with its kind where that isn't Kustomization."""
        return self.name.replace("::", ":").translate({ord("["): "(", ord("]"): ")"})

    @property
    def parts(self) -> tuple[Part | Overlay, ...]:
        """The variants' parts."""
        return tuple(variant.part for variant in self.variants)

    @property
    def file(self) -> str:
        """The file of the cluster or overlay whose variant comes first."""
        first = self.variants[0]
        if first.cluster is not None:
            return first.cluster.file
        assert isinstance(first.part, Overlay)  # noqa: S101 (what no cluster has is an overlay)
        return first.part.file


def find_variants(fleet: Fleet) -> tuple[Variants, ...]:
    """Return the variants of a fleet: by name across clusters, then by base what no other cluster has."""
    named = list(_by_name(fleet))
    taken = {id(part) for group in named for part in group.parts}
    return (*named, *_by_base(fleet, taken))


def _by_name(fleet: Fleet) -> Iterator[Variants]:
    found: dict[tuple[str, str], dict[str, Variant]] = {}
    for cluster in fleet.clusters:
        for part in cluster.parts:
            variants = found.setdefault((part.id.kind, part.name), {})
            variants.setdefault(cluster.name, Variant(cluster.name, cluster, part))
    for (_kind, name), variants in sorted(found.items()):
        if len(variants) > 1:
            yield Variants(name, None, tuple(variants[cluster] for cluster in sorted(variants)))


def _by_base(fleet: Fleet, taken: set[int]) -> Iterator[Variants]:
    found: dict[str, list[tuple[str, Cluster | None, Part | Overlay]]] = {}
    for path, cluster, part in _directories(fleet):
        base = None if id(part) in taken else _base(fleet.root, path)
        if base is not None:
            found.setdefault(base, []).append((path, cluster, part))
    for base, members in sorted(found.items()):
        if len(members) > 1:
            labels = _labels([(path, cluster.name if cluster else "") for path, cluster, _part in members])
            variants = [Variant(label, c, part) for label, (_p, c, part) in zip(labels, members, strict=True)]
            yield Variants(base, base, tuple(sorted(variants, key=lambda variant: variant.label)))


def _directories(fleet: Fleet) -> Iterator[tuple[str, Cluster | None, Part | Overlay]]:
    for cluster in fleet.clusters:
        for part in cluster.kustomizations:
            directory = directory_in(fleet.root, part)
            if directory is not None:
                yield directory, cluster, part
    for overlay in fleet.overlays:
        yield overlay.path, None, overlay


def directory_in(root: Path, kustomization: Kustomization) -> str | None:
    """Return the directory that a Kustomization builds, relative to the repository; None where it lies elsewhere."""
    source = kustomization.directory
    if source is None or not source.is_relative_to(root):
        return None
    return clean(f"{source.relative_to(root).as_posix()}/{kustomization.path}")


def _base(root: Path, path: str) -> str | None:
    """Return the directory outside of an overlay that it builds on first, None where there is none."""
    document = _kustomization(root / path)
    for entry in (*listed(document, "resources"), *listed(document, "bases")):
        if isinstance(entry, str) and entry.startswith("../"):
            base = os.path.normpath(os.path.join(path, entry))
            if not base.startswith("..") and (root / base).is_dir():
                return base
    return None


def _kustomization(directory: Path) -> Any:
    for name in _FILES:
        file = directory / name
        try:
            if file.is_file() and not file.is_symlink() and file.stat().st_size < _LARGEST:
                text = file.read_text(encoding="utf-8-sig")
                return None if is_too_deep(text) else yaml.load(text, Loader=LOADER)  # noqa: S506 (a safe loader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError):
            return None
    return None


def _labels(members: Iterable[tuple[str, str]]) -> list[str]:
    """Return what tells the members' paths apart: without the directories that all begin or end with."""
    pairs = list(members)
    split = [path.split("/") for path, _cluster in pairs]
    shortest = min(map(len, split))
    start = next((i for i in range(shortest) if len({parts[i] for parts in split}) > 1), shortest)
    end = next((i for i in range(shortest - start) if len({parts[-1 - i] for parts in split}) > 1), shortest - start)
    labels = ["/".join(parts[start : len(parts) - end]) or path for parts, (path, _c) in zip(split, pairs, strict=True)]
    counts = Counter(labels)
    told = [
        label if counts[label] == 1 else f"{label} ({cluster})"
        for label, (_p, cluster) in zip(labels, pairs, strict=True)
    ]
    seen: Counter[str] = Counter()
    for index, label in enumerate(told):
        seen[label] += 1
        told[index] = label if seen[label] == 1 else f"{label} #{seen[label]}"
    return told
