"""A review: for each cluster, what a change adds, changes, removes and moves; frozen, plain and without secrets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pytest_gitops.model import Finding, JsonObject, Location, ResourceId


class Action(Enum):
    """What happens to an object between base and head."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    MOVED = "moved"


class Fate(Enum):
    """What Flux makes of it in the cluster.

    ``UNKNOWN``: the part that owns it can't be rendered at one of the two revisions.
    """

    APPLIED = "applied"
    PRUNED = "pruned"
    LEFT_BEHIND = "left behind"
    UNINSTALLED = "uninstalled"
    HELD_BACK = "held back"
    REFUSED = "refused"
    RECREATED = "recreated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs: its path from the object's root, and both values as JSON (None: not there).

    The values of Secrets are replaced by digests.
    """

    path: tuple[str | int, ...]
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that differs between base and head in one cluster.

    ``before`` and ``after`` are the whole objects, redacted; None where it is not there. ``owner_before`` and
    ``owner_after`` are the names of the parts (``Part.name``) that apply it. ``diff`` is a unified diff of both as
    YAML, without file headers, ``location`` where head (or, for what is removed, base) declares it.

    ``replaces`` is the object that this one takes the place of where kustomize generated another name for it: what
    is a change to a reader is, in the cluster, a new object, and the old one pruned.
    """

    id: ResourceId
    api_version: str
    action: Action
    fate: Fate
    owner_before: str | None = None
    owner_after: str | None = None
    before: JsonObject | None = None
    after: JsonObject | None = None
    fields: tuple[FieldChange, ...] = ()
    diff: str = ""
    location: Location | None = None
    replaces: ResourceId | None = None


@dataclass(frozen=True, slots=True)
class ImageChange:
    """A container image that differs, with the workloads (``Kind/namespace/name``) that use it.

    ``before`` is None for an image that comes to be used, ``after`` for one that no longer is.
    """

    name: str
    before: str | None
    after: str | None
    workloads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartChange:
    """A Kustomization, HelmRelease or ResourceSet of a cluster between base and head.

    ``action`` is None where the part itself is as it was and only what it applies differs; MOVED where it has another
    name at base, ``renamed_from``. ``known`` is False where what it applies can't be told at one of the revisions: then
    none of its objects is listed as removed or added. ``outcome_before`` and
    ``outcome_after`` are ``rendered``, ``failed`` or ``skipped`` (None: not there), ``reason`` why the latter doesn't
    render. ``chart_before`` and ``chart_after`` are a HelmRelease's chart as ``name version``.
    """

    id: ResourceId
    name: str
    action: Action | None
    location: Location | None
    depends_on: tuple[str, ...] = ()
    parent: str | None = None
    suspended: bool = False
    outcome_before: str | None = None
    outcome_after: str | None = None
    reason: str | None = None
    chart_before: str | None = None
    chart_after: str | None = None
    renamed_from: str | None = None
    known: bool = True


@dataclass(frozen=True, slots=True)
class ClusterReview:
    """One cluster between base and head.

    ``parts`` are all parts that differ, or whose objects do; ``objects`` are sorted, the most dangerous first.
    ``findings`` say what Flux will do with the change; ``action`` tells a cluster that comes or goes.
    """

    name: str
    action: Action | None
    parts: tuple[PartChange, ...] = ()
    objects: tuple[ObjectChange, ...] = ()
    images: tuple[ImageChange, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class FileChange:
    """A changed file of the repository (``status`` is git's letter), and how many parts of each cluster it touches.

    ``touches`` are pairs of a cluster's name and the names of its parts that read the file: the blast radius.
    """

    file: str
    status: str
    touches: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """One side of a review: the ref as the user gave it, the commit, and whether the working tree has changes on it."""

    ref: str
    commit: str
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """What a change does to every cluster that the repository feeds."""

    base: Revision
    head: Revision
    clusters: tuple[ClusterReview, ...] = ()
    files: tuple[FileChange, ...] = ()
    notes: tuple[str, ...] = ()
