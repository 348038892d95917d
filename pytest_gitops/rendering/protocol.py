"""What a renderer takes and gives; every engine implements this and nothing else is asked of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pytest_gitops.decryption import NO_KEYS, Keys
from pytest_gitops.model import JsonObject, Location
from pytest_gitops.network import Network

if TYPE_CHECKING:
    from pytest_gitops.rendering.standby import Standby


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A directory as source-controller would archive it, opened by one renderer; compared by identity.

    ``root`` is absolute. ``hidden`` are paths below it that are as good as absent (a directory ends in ``/``),
    ``ignore`` is the text of the source's ``spec.ignore``.
    """

    root: Path
    hidden: tuple[str, ...] = ()
    ignore: str | None = None


@dataclass(frozen=True, slots=True)
class VariableSource:
    """A ConfigMap or Secret that ``spec.postBuild.substituteFrom`` names, as the caller knows it.

    ``complete`` is False where there may be further keys that Git can't tell: a variable that nobody sets
    then becomes a placeholder. ``secret`` says that the values were encrypted in Git: what is made with them
    is not kept.
    """

    kind: str
    name: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    complete: bool = True
    secret: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class BuildRequest:
    """One build: a Flux Kustomization, or a kustomize directory where ``kustomization`` is None.

    ``path`` is relative to the tree's root. ``keys`` are for what SOPS encrypted. ``tag`` is the
    caller's own and comes back untouched with the request. Requests are compared by identity, so the same build may be
    asked for twice.
    """

    method: ClassVar[str] = "build"
    deadline: ClassVar[float | None] = None

    tree: Tree
    path: str
    kustomization: JsonObject | None = None
    variables: tuple[VariableSource, ...] = ()
    strict: bool = True
    cacheable: bool = True
    keys: Keys = NO_KEYS
    tag: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class FetchRequest:
    """One fetch, of exactly one of these: the artifact of a source, a chart of a HelmRepository, a remote base.

    ``source`` is a GitRepository, OCIRepository or HelmRepository (its ``kind`` and ``spec`` are read); with a
    HelmRepository, ``chart`` and ``version`` name the chart as ``spec.chart.spec`` of a HelmRelease does (a version may
    be a range; "" or "*" is the latest stable one). ``base`` is a URL as a kustomization file names it. ``tag`` is as
    in a BuildRequest. Asking twice for the same is cheap: the second is answered from the cache.
    """

    method: ClassVar[str] = "fetch"

    source: JsonObject | None = None
    chart: str = ""
    version: str = ""
    base: str = ""
    tag: Any = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought: files in the cache that nobody changes, and that stay for the run at least.

    ``directory`` holds the artifact's files, None for a chart of a HelmRepository and for an OCIRepository whose layer
    is copied and not extracted; a remote base is ``path`` in it, a directory or a file. There is no ``.git`` in it:
    what it holds is what there is, and Git has no say in it. ``archive`` is a packed chart, or the layer of an
    OCIRepository as it was pulled (a chart where a HelmRelease's ``chartRef`` leads to it); else None. ``revision`` is
    what source-controller would call it, such as ``main@sha1:…`` or ``6.5.1``; ``digest`` (``sha256:…``) tells
    contents apart; ``version`` is the chart's. ``unverified`` says that the source asks for a signature to be
    verified, which wasn't done. ``cached`` says that nothing was fetched.
    """

    revision: str
    digest: str
    directory: Path | None = None
    archive: Path | None = None
    path: str = ""
    version: str | None = None
    unverified: bool = False
    cached: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Work(ABC):
    """A request of another method of the engine than ``build``: it writes its parameters and reads its answer.

    ``tag`` is as a BuildRequest's. ``tree`` is the tree it is about, None where it is about none, and ``deadline`` the
    seconds it may take, None for those a build may take.
    """

    method: ClassVar[str]
    deadline: ClassVar[float | None] = None
    tag: Any = None

    @property
    def tree(self) -> Tree | None:
        """The tree that the request is about."""
        return None

    @abstractmethod
    def parameters(self, tree: int) -> JsonObject:
        """Return the method's parameters; ``tree`` is the engine's handle of the tree, 0 where there is none."""

    @abstractmethod
    def answer(self, result: JsonObject) -> Any:
        """Return what the method's result says; raises what reading a mapping raises where it isn't so."""


Request = BuildRequest | FetchRequest | Work


@dataclass(frozen=True, slots=True)
class RenderError:
    """Why a build or a fetch failed: the engine protocol's error, with places relative to the tree's root.

    ``code`` is one of the engine protocol's codes, ``crash`` where the renderer died of this request, or
    ``unsupported`` where it has no such method.
    Where a fetch failed, ``url`` is what was to be fetched.
    ``chain`` are the places that led to ``location``, outermost first. ``resource`` is ``Kind/namespace/name``,
    ``variable`` the variable that is not set, ``url`` the remote base or source, ``field`` the field of the Flux object
    that is at fault, ``field_line`` the line in that field's own text, from 1; ``template`` the chart's template and
    ``template_line`` its line, ``values_path`` the value that led there; each None where it doesn't apply.
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
    template: str | None = None
    template_line: int | None = None
    values_path: str | None = None


# Codes of a fetch that say nothing against the repository: the cluster may well have what can't be had here. What
# needs it is skipped with the reason, unless the user wants it strict. Others, such as ``not-found`` (the server is
# there, and has no such branch, tag, chart or version), are as wrong in the cluster.
UNAVAILABLE = frozenset({"offline", "unreachable", "unauthorized", "refused", "limit", "deadline", "crash"})


@dataclass(frozen=True, slots=True)
class Done:
    """A finished request: a Rendered for a build, a Fetched for a fetch, what its ``answer`` gives for other Work; or a
    RenderError.

    Paths in a Rendered are relative to the tree's root; ``cached`` says it was not run again.
    """

    request: Request
    outcome: Any
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
    takes the engine once the renderer is done with it (None: it ends). ``network`` says what may be fetched.
    """

    cache: Path | None = None
    deadline: float = 10.0
    standby: Standby | None = None
    network: Network = field(default_factory=Network)


class RendererUnavailableError(Exception):
    """No renderer can be had: the message says what is missing and what to do. Whoever runs the tests should care."""


class TreeError(Exception):
    """A tree can't be opened or scanned; ``error`` says why. Whoever owns the repository should care."""

    def __init__(self, error: RenderError) -> None:
        super().__init__(error.message)
        self.error = error


class Renderer(Protocol):
    """Turns directories into Kubernetes objects, and fetches what they are made from; used from one thread.

    Submit as many requests as there are, then take them as they finish; taking one may lead to submitting more::

        for request in first:
            renderer.submit(request)
        while renderer.pending:
            done = renderer.next_done()
            for request in react(done):
                renderer.submit(request)
    """

    @property
    def pending(self) -> int:
        """The number of requests submitted and not yet taken."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What this renderer does otherwise than the cluster would, worth telling once a run."""

    def describe(self) -> str:
        """Name the renderer and the versions that shape its output, in one line."""

    def open(self, root: Path, *, hidden: Sequence[str] = (), ignore: str | None = None) -> Tree:
        """Take a view of a directory as source-controller would archive it. Raises TreeError."""

    def scan(self, tree: Tree) -> Index:
        """Read all YAML files of a tree once. Raises TreeError."""

    def submit(self, request: Request) -> None:
        """Queue one build or fetch; returns at once."""

    def next_done(self) -> Done:
        """Wait for a request to finish, in no particular order. Raises LookupError where none is pending."""

    def close(self) -> None:
        """End the renderer and what it started; pending requests are dropped. May be called twice."""
