"""The renderer on external tools: one process a build, several at a time."""

from __future__ import annotations

import os
import posixpath
import queue
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from pytest_gitops.model import Location, Rendered
from pytest_gitops.rendering.external.build import Build
from pytest_gitops.rendering.external.command import Commands, OverrunError
from pytest_gitops.rendering.external.overlay import local_components
from pytest_gitops.rendering.external.tools import find_tools
from pytest_gitops.rendering.external.workspace import Closure, Workspace
from pytest_gitops.rendering.protocol import (
    BuildRequest,
    Done,
    Index,
    RenderError,
    RendererSettings,
    Request,
    Tree,
    TreeError,
)

_ENVIRONMENT = ("PATH", "SYSTEMROOT", "SSL_CERT_DIR", "SSL_CERT_FILE")
_UNFETCHED = "the bundled engine fetches remote bases, tools on PATH are not let to"
_UNSUPPORTED = "the bundled engine does it, tools on PATH don't: install it, and leave out --gitops-engine=external"
# What a tool should not fetch it can't: nothing listens at the proxy, and git has no transport to use.
_OFFLINE = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9"),
    "GIT_ALLOW_PROTOCOL": "none",
}


class ExternalRenderer:
    """Renders with flux, else kustomize, else kubectl from PATH; a Renderer.

    The tools work on a copy of each tree in a temporary directory, so that they can't write to the repository.
    Raises RendererUnavailableError where PATH has none of them.
    """

    def __init__(self, settings: RendererSettings) -> None:
        self._deadline = settings.deadline
        self._flux, self._plain = find_tools()
        self._home = Path(tempfile.mkdtemp(prefix="pytest-gitops-"))
        self._cleanup = weakref.finalize(self, shutil.rmtree, self._home, ignore_errors=True)
        inherited = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        own = {"HOME": str(self._home), "TMPDIR": str(self._home)}
        self._commands = Commands(inherited | own | _OFFLINE)
        # A flux without --in-memory-build writes into the directory it builds: one at a time then.
        workers = (os.cpu_count() or 1) if self._flux.in_memory else 1
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="gitops-external")
        self._finished: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._pending = 0
        self._numbers = count(1)
        self._workspaces: dict[Tree, Workspace] = {}

    @property
    def pending(self) -> int:
        """The number of builds submitted and not yet taken."""
        return self._pending

    @property
    def notes(self) -> tuple[str, ...]:
        """What gets lost against the bundled engine."""
        return tuple(f"{self._flux.name} from PATH leaves out: {loss}" for loss in self._flux.losses)

    def describe(self) -> str:
        """Name the tools at hand."""
        tools = dict.fromkeys(f"{tool.name} {tool.version}".strip() for tool in (self._flux, self._plain))
        return f"external ({', '.join(tools)})"

    def open(self, root: Path, *, hidden: Sequence[str] = (), ignore: str | None = None) -> Tree:
        """Take a view of a directory as source-controller would archive it. Raises TreeError."""
        tree = Tree(root=Path(os.path.abspath(root)), hidden=tuple(hidden), ignore=ignore)
        try:
            self._workspaces[tree] = Workspace(tree, self._home / str(next(self._numbers)) / "tree")
        except OSError as error:
            raise TreeError(RenderError("path", f"the directory can't be listed: {error.strerror}")) from None
        return tree

    def scan(self, tree: Tree) -> Index:
        """Read all YAML files of a tree once."""
        return self._workspaces[tree].index

    def submit(self, request: Request) -> None:
        """Queue one request; returns at once. Anything but a build is unsupported."""
        self._pending += 1
        self._executor.submit(lambda: self._finished.put(Done(request, self._attempt(request))))

    def next_done(self) -> Done:
        """Wait for a build to finish, in no particular order. Raises LookupError where none is pending."""
        if not self._pending:
            raise LookupError("no request is pending")
        done = self._finished.get()
        self._pending -= 1
        return done

    def close(self) -> None:
        """End the tools and remove the copies; pending requests are dropped."""
        self._pending = 0
        self._commands.close()
        self._executor.shutdown(cancel_futures=True)
        self._cleanup()

    def _attempt(self, request: Request) -> Rendered | RenderError:
        if not isinstance(request, BuildRequest):
            return RenderError("unsupported", _UNSUPPORTED)
        try:
            return self._build(request)
        except OverrunError:
            return RenderError("deadline", f"the build took longer than {self._deadline:g} s")
        except OSError as error:
            return RenderError("crash", f"the build can't be run: {error}")
        except Exception as error:
            return RenderError("panic", f"{type(error).__name__}: {error}", remedy="this is a bug, please report it")

    def _build(self, request: BuildRequest) -> Rendered | RenderError:
        workspace = self._workspaces[request.tree]
        path = posixpath.normpath("/" + request.path.lstrip("/"))[1:]
        if path not in workspace.directories:
            return RenderError("path", f"there is no directory {request.path!r}")
        spec = (request.kustomization or {}).get("spec") or {}
        closure = workspace.closure([path, *local_components(spec, path)])
        if refusal := _refusal(closure):
            return refusal
        tool = self._plain if request.kustomization is None else self._flux
        directory = self._home / f"build-{next(self._numbers)}"
        build = Build(request, path, closure.files, workspace, tool, directory)
        directory.mkdir()
        try:
            run = build.with_flux if tool.is_flux else build.plain
            return run(self._commands, self._deadline)
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def _refusal(closure: Closure) -> RenderError | None:
    for file, name in closure.escapes:
        return RenderError("path", f"{name} is outside the source's root", Location(file))
    for file, url in closure.remote:
        return RenderError("remote", _UNFETCHED, Location(file), url=url)
    return None
