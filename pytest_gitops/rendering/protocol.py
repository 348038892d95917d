"""What a renderer takes and gives; every engine implements this and nothing else is asked of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pytest_gitops.model import JsonObject, Location, Rendered

if TYPE_CHECKING:
    from pytest_gitops.rendering.standby import Standby


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A directory as source-controller would archive it, opened by one renderer; compared by identity.

    ``root`` is absolute. ``hidden`` are paths below it that are as good as absent (a directory ends in ``/``),
    ``ignore`` is the text of the source's ``spec.ignore``, ``remote`` allows remote bases to be fetched.
    """

    root: Path
    hidden: tuple[str, ...] = ()
    ignore: str | None = None
    remote: bool = False


@dataclass(frozen=True, slots=True)
class VariableSource:
    """A ConfigMap or Secret that ``spec.postBuild.substituteFrom`` names, as the caller knows it.

    ``complete`` is False where there may be further keys that Git can't tell: a variable that nobody sets
    then becomes a placeholder.
    """

    kind: str
    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class BuildRequest:
    """One build: a Flux Kustomization, or a kustomize directory where ``kustomization`` is None.

    ``path`` is relative to the tree's root. ``tag`` is the caller's own and comes back untouched with the
    request. Requests are compared by identity, so the same build may be asked for twice.
    """

    tree: Tree
    path: str
    kustomization: JsonObject | None = None
    variables: tuple[VariableSource, ...] = ()
    strict: bool = True
    cacheable: bool = True
    tag: Any = None


@dataclass(frozen=True, slots=True)
class RenderError:
    """Why a build failed: the engine protocol's error, with places relative to the tree's root.

    ``code`` is one of the engine protocol's codes, or ``crash`` where the renderer died of this request.
    ``chain`` are the places that led to ``location``, outermost first. ``resource`` is ``Kind/namespace/name``,
    ``variable`` the variable that is not set, ``url`` the remote base, ``field`` the field of the Kustomization
    that is at fault, ``field_line`` the line in that field's own text, from 1; each None where it doesn't apply.
    """

    code: str
    message: str
    location: Location | None = None
    chain: tuple[Location, ...] = ()
    remedy: str | None = None
    resource: str | None = None
    field: str | None = None
    field_line: int | None = None
    variable: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A finished build. Paths in a Rendered are relative to the tree's root; ``cached`` says it was not run again."""

    request: BuildRequest
    outcome: Rendered | RenderError
    cached: bool = False


@dataclass(frozen=True, slots=True)
class IndexedObject:
    """An object of one of Flux's API groups as a file of the tree holds it, at the line of its first key."""

    location: Location
    object: JsonObject


@dataclass(frozen=True, slots=True)
class IndexedOverlay:
    """A directory with a kustomization file, and what that file names.

    ``path`` is the directory ("" is the root), ``file`` the kustomization file, ``references`` the local files and
    directories it names, ``remote`` the remote bases. ``component`` tells a kustomize Component.
    """

    path: str
    file: str
    component: bool = False
    references: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredVersion:
    """A file that installs Flux, and the version it installs, such as ``v2.9.5``."""

    file: str
    flux: str


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file that looks like Flux's but isn't YAML."""

    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class Index:
    """What discovery needs to know of a tree, from one pass over its YAML files.

    Paths are POSIX and relative to the tree's root. ``charts`` are the directories with a Chart.yaml.
    """

    files: int = 0
    objects: tuple[IndexedObject, ...] = ()
    overlays: tuple[IndexedOverlay, ...] = ()
    charts: tuple[str, ...] = ()
    versions: tuple[DeclaredVersion, ...] = ()
    errors: tuple[UnreadFile, ...] = ()


@dataclass(frozen=True, slots=True)
class RendererSettings:
    """What every renderer is told: its cache's directory (None: no cache), the seconds a build may take, and who
    takes the engine once the renderer is done with it (None: it ends).
    """

    cache: Path | None = None
    deadline: float = 10.0
    standby: Standby | None = None


class RendererUnavailableError(Exception):
    """No renderer can be had: the message says what is missing and what to do. Whoever runs the tests should care."""


class TreeError(Exception):
    """A tree can't be opened or scanned; ``error`` says why. Whoever owns the repository should care."""

    def __init__(self, error: RenderError) -> None:
        super().__init__(error.message)
        self.error = error


class Renderer(Protocol):
    """Turns directories into Kubernetes objects; used from one thread.

    Submit as many builds as there are, then take them as they finish; taking one may lead to submitting more::

        for request in first:
            renderer.submit(request)
        while renderer.pending:
            done = renderer.next_done()
            for request in react(done):
                renderer.submit(request)
    """

    @property
    def pending(self) -> int:
        """The number of builds submitted and not yet taken."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What this renderer does otherwise than the cluster would, worth telling once a run."""

    def describe(self) -> str:
        """Name the renderer and the versions that shape its output, in one line."""

    def open(self, root: Path, *, hidden: Sequence[str] = (), ignore: str | None = None, remote: bool = False) -> Tree:
        """Take a view of a directory as source-controller would archive it. Raises TreeError."""

    def scan(self, tree: Tree) -> Index:
        """Read all YAML files of a tree once. Raises TreeError."""

    def submit(self, request: BuildRequest) -> None:
        """Queue one build; returns at once."""

    def next_done(self) -> Done:
        """Wait for a build to finish, in no particular order. Raises LookupError where none is pending."""

    def close(self) -> None:
        """End the renderer and what it started; pending builds are dropped. May be called twice."""
