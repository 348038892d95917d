"""From a ``sourceRef`` to the local directory that stands for the source's artifact, or the reason why none does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pytest_gitops.model import JsonObject
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.paths import clean, is_directory
from pytest_gitops.repository import Repository
from pytest_gitops.urls import normalise

KINDS = ("GitRepository", "OCIRepository", "Bucket", "ExternalArtifact")
# Those whose artifact can be fetched.
FETCHED = ("GitRepository", "OCIRepository")
# What the user may have a directory for: the above, and where charts come from.
MAPPED = (*KINDS, "HelmRepository", "HelmChart")
# What source-controller checks out where a GitRepository has no spec.ref.
DEFAULT_BRANCH = "master"


@dataclass(frozen=True, slots=True)
class SourceKey:
    """What a ``sourceRef`` names: kind, namespace (the Kustomization's where it names none) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Copy:
    """Files copied into a source: from which place and which of its paths, to which path of the source's.

    Without a ``strategy`` it is the directory ``start`` as it is. With one (``Overwrite``, ``Merge`` or ``Extract``) it
    is an ArtifactGenerator's copy operation, whose ``start`` may be a glob; ``said`` is that as it was written, and
    ``field`` the generator's field.
    """

    place: Place
    start: str
    to: str
    strategy: str = ""
    exclude: tuple[str, ...] = ()
    optional: bool = False
    said: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source's artifact is here; ``directory`` is None where it isn't, ``reason`` says why and ``remedy`` what
    to do.

    ``ignore`` is the source's ``spec.ignore``; ``submodules`` whether the artifact holds the Git submodules;
    ``included`` is copied into it, in this order; a place that consists of nothing else is ``composed``, and its
    directory the root. ``fetched`` says that the directory is an artifact, where neither Git nor ignore rules have a
    say any more.
    """

    directory: Path | None = None
    reason: str | None = None
    ignore: str | None = None
    submodules: bool = False
    included: tuple[Copy, ...] = ()
    fetched: bool = False
    composed: bool = False
    remedy: str = ""

    def said(self, why: str = "") -> str:
        """Say why there is no directory, with a further reason."""
        return f"{self.reason}{f' ({why})' if why else ''}; {self.remedy}"


class SourceMap:
    """Tells which sources of one cluster are the repository under test.

    A source is the work tree where it is the cluster's own (what its entry is synced from), or a GitRepository of
    one of the repository's URLs at the branch that the own one has. Where the own one's branch is unknown, it is
    the branch checked out, or the one that origin calls its default. ``mapped`` are the user's directories, by
    ``Kind/namespace/name`` or by URL. A ``*`` in a key stands for one part of it, and the directory may hold as many.
    """

    def __init__(self, repository: Repository, mapped: Mapping[str, Path]) -> None:
        self._repository = repository
        self._mapped = {key if key.partition("/")[0] in MAPPED else normalise(key): to for key, to in mapped.items()}
        self._own: set[SourceKey] = set()
        self._own_object: JsonObject = {}

    def adopt(self, own: SourceKey) -> None:
        """Take a source as the cluster's own."""
        self._own.add(own)

    @property
    def owned(self) -> list[SourceKey]:
        """The sources that are the cluster's own, sorted."""
        return sorted(self._own, key=str)

    def declare_own(self, obj: JsonObject) -> None:
        """Take note of the own source's object, whose URL and branch tell others apart."""
        self._own_object = obj

    def is_own(self, key: SourceKey) -> bool:
        """Tell whether a source is the one that the cluster's entry is synced from."""
        return key in self._own

    def may_be_own(self, key: SourceKey, path: str) -> bool:
        """Tell whether a GitRepository may be this repository, whose URL nobody knows: it has the path asked of it."""
        unknown = not self._repository.urls and not self._own_object
        return (
            unknown
            and key.kind == "GitRepository"
            and bool(clean(path))
            and is_directory(self._repository.root, clean(path))
        )

    def place(self, key: SourceKey, obj: JsonObject | None) -> Place:
        """Return where a source's artifact is; ``obj`` is None where only its name is known."""
        spec = _spec(obj)
        common = Place(
            ignore=str(spec["ignore"]) if spec.get("ignore") else None,
            submodules=bool(spec.get("recurseSubmodules")),
        )
        url = scalar(spec, "url")
        mapped = self.mapped(key, url)
        if mapped is not None:
            return _at(common, mapped)
        if self.is_own(key):
            return _at(common, self._repository.root)
        reason = self._elsewhere(key, spec, url)
        if reason is None:
            return _at(common, self._repository.root)
        return Place(reason=f"{key} {reason}", remedy=advice(key))

    def mapped(self, key: SourceKey, url: str) -> Path | None:
        """Return the user's directory for a source, by its name or by its URL."""
        names = [str(key), *([normalise(url)] if url else [])]
        exact = next((self._mapped[name] for name in names if name in self._mapped), None)
        found = exact or next((to for name in names for to in self._by_glob(name)), None)
        return found if found is not None and found.is_dir() else None

    def _by_glob(self, name: str) -> Iterator[Path]:
        """Yield the directories of keys with a ``*``, which each ``*`` of the directory takes its text from."""
        for key, to in self._mapped.items():
            found = _glob(key).fullmatch(name) if "*" in key else None
            if found:
                yield _filled(to, found.groups())

    def knows_url(self, url: str) -> bool:
        """Tell whether a URL is one of the repository's, or of the cluster's own source."""
        own_url = scalar(_spec(self._own_object), "url")
        known = self._repository.urls | ({normalise(own_url)} if own_url else set())
        return normalise(url) in known

    def _elsewhere(self, key: SourceKey, spec: JsonObject, url: str) -> str | None:
        """Say why a source isn't the work tree, None where it is."""
        if key.kind == "ExternalArtifact":
            return "is made in the cluster by an artifact generator and is not available here"
        where = url or scalar(spec, "endpoint") or "no URL"
        if not url or not self.knows_url(url):
            return f"({where}) is not this repository and is not available here"
        if key.kind != "GitRepository":
            same = _ref(spec) == _ref(_spec(self._own_object))
            return None if same else f"({where}) is another version of this repository's artifact"
        pinned = _pin(spec)
        if pinned:
            return f"is this repository at {pinned}, which is not checked out here"
        branch, expected = _branch(spec), self._branches()
        if branch in expected:
            return None
        tested = " or ".join(sorted(expected))
        return f"is this repository's branch {branch}, and the one under test is {tested}"

    def _branches(self) -> frozenset[str]:
        spec = _spec(self._own_object)
        if spec.get("url") and self._own_object.get("kind") == "GitRepository" and not _pin(spec):
            return frozenset({_branch(spec)})
        return self._repository.branches


def advice(key: SourceKey) -> str:
    """Return what to do about a source that is not available."""
    return f"give a local directory for it with `sources: {{{key}: DIRECTORY}}`"


def tracked_branch(spec: JsonObject) -> str | None:
    """Return the branch that a GitRepository's ``spec`` follows, None where it is pinned to something else."""
    return None if _pin(spec) else _branch(spec)


@cache
def _glob(key: str) -> re.Pattern[str]:
    return re.compile("([^/]+)".join(map(re.escape, key.split("*"))))


def _filled(directory: Path, texts: Sequence[str]) -> Path:
    """Return a directory with a text in place of each ``*``."""
    path = str(directory)
    for text in texts:
        path = path.replace("*", text, 1)
    return Path(path)


def exists(directory: Path) -> bool:
    """Tell whether a directory that stands for sources is there; of one with a ``*``, what comes before that."""
    parts = directory.parts
    fixed = next((index for index, part in enumerate(parts) if "*" in part), len(parts))
    return Path(*parts[:fixed]).is_dir()


def _at(place: Place, directory: Path) -> Place:
    return replace(place, directory=directory)


def _spec(obj: JsonObject | None) -> JsonObject:
    return mapping(obj, "spec")


def _ref(spec: JsonObject) -> JsonObject:
    return mapping(spec, "ref")


def _branch(spec: JsonObject) -> str:
    ref = _ref(spec)
    return scalar(ref, "name").removeprefix("refs/heads/") or (scalar(ref, "branch") or DEFAULT_BRANCH)


def _pin(spec: JsonObject) -> str | None:
    """Return what a GitRepository is pinned to in place of a branch, in the order source-controller looks."""
    ref = _ref(spec)
    if ref.get("commit"):
        return f"commit {ref['commit']}"
    name = scalar(ref, "name")
    if name and not name.startswith("refs/heads/"):
        return name
    if name:
        return None
    for field in ("semver", "tag"):
        if ref.get(field):
            return f"{field} {ref[field]}"
    return None


def includes(source: JsonObject | None, namespace: str) -> tuple[tuple[SourceKey, str, str], ...]:
    """Return a GitRepository's ``spec.include``: which other, from which of its directories, to which of its own."""
    result = []
    for include in listed(_spec(source), "include"):
        name = scalar(mapping(include, "repository"), "name")
        if name:
            key = SourceKey("GitRepository", namespace, name)
            result.append((key, clean(scalar(include, "fromPath")), clean(scalar(include, "toPath") or name)))
    return tuple(result)
