"""The bundled engine: a child process that embeds the libraries Flux's controllers run."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytest_gitops.rendering import wire
from pytest_gitops.rendering.binary import engine_path
from pytest_gitops.rendering.client import Answer, Call, EngineClient, advance_any
from pytest_gitops.rendering.fetching import Fetcher
from pytest_gitops.rendering.protocol import (
    UNAVAILABLE,
    BuildRequest,
    Done,
    Fetched,
    FetchRequest,
    Index,
    RenderError,
    RendererSettings,
    Request,
    Tree,
    Work,
)


class EngineRenderer:
    """Renders with the bundled engine; a Renderer.

    What renders is told nothing of the network; another engine fetches, started with the first thing to fetch.
    Raises RendererUnavailableError where the engine isn't there, doesn't start or speaks another protocol.
    """

    def __init__(self, settings: RendererSettings, path: Path | None = None) -> None:
        self._settings = settings
        self._requests = 0
        self._done: deque[Done] = deque()
        path = path or engine_path()
        self._engine = EngineClient(path, cache=settings.cache, standby=settings.standby)
        self._fetcher = Fetcher(path, settings)

    @property
    def pending(self) -> int:
        """The number of requests submitted and not yet taken."""
        return self._requests

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to tell of what was fetched; beyond that, the engine does as the cluster would."""
        return self._fetcher.notes

    def describe(self) -> str:
        """Name the engine and the versions it embeds."""
        hello = self._engine.hello
        details = ", ".join(f"{name} {version}" for name, version in sorted((hello.get("versions") or {}).items()))
        return f"engine {hello.get('engine')} ({details})"

    def open(self, root: Path, *, hidden: Sequence[str] = (), ignore: str | None = None) -> Tree:
        """Take a view of a directory as source-controller would archive it. Raises TreeError."""
        tree = Tree(root=Path(os.path.abspath(root)), hidden=tuple(hidden), ignore=ignore)
        self._engine.open(tree)
        return tree

    def scan(self, tree: Tree) -> Index:
        """Read all YAML files of a tree once. Raises TreeError."""
        return wire.index(self._engine.ask("scan", tree))

    def submit(self, request: Request) -> None:
        """Queue one request; returns at once."""
        self._requests += 1
        if isinstance(request, FetchRequest):
            self._fetcher.submit(request, self._done.append)
        else:
            self._send(request, {})

    def next_done(self) -> Done:
        """Wait for a request to finish, in no particular order. Raises LookupError where none is pending."""
        if not self._requests:
            raise LookupError("no request is pending")
        self._feed()
        while not self._done:
            advance_any((self._engine, *self._fetcher.clients))
            self._feed()
        self._requests -= 1
        return self._done.popleft()

    def close(self) -> None:
        """End the engines, or leave the one that renders to whoever needs one next; pending requests are dropped."""
        idle = not self._engine.busy
        self._engine.drop()
        self._done.clear()
        self._requests = 0
        self._fetcher.close()
        process = self._engine.process
        if self._settings.standby is not None and idle and process.usable:
            self._settings.standby.put(process, self._engine.hello)
        else:
            process.end()

    def _send(self, request: BuildRequest | Work, bases: dict[str, Fetched]) -> None:
        """Have the engine do a request, a build with the remote bases that were fetched for it."""

        def finish(answer: Answer) -> None:
            if isinstance(request, BuildRequest) and isinstance(answer, RenderError) and answer.code == "remote":
                self._fetch_base(request, bases, answer)
            else:
                self._done.append(wire.done(request, answer))

        def encode(tree: int) -> bytes:
            return wire.parameters(request, tree, bases)

        deadline = request.deadline or self._settings.deadline
        self._engine.submit(Call(request.method, request.tree, encode, finish, deadline))

    def _fetch_base(self, request: BuildRequest, bases: dict[str, Fetched], missing: RenderError) -> None:
        """Fetch a remote base that a build has come upon, and build again."""
        url = missing.url or ""

        def finish(done: Done) -> None:
            if isinstance(done.outcome, RenderError):
                self._done.append(Done(request, self._without_base(missing, done.outcome)))
            else:
                self._send(request, {**bases, url: done.outcome})

        if not url or url in bases:
            self._done.append(Done(request, missing))
        else:
            self._fetcher.submit(FetchRequest(base=url), finish)

    def _without_base(self, missing: RenderError, reason: RenderError) -> RenderError:
        """Return why a build failed: what can't be had here is no failure, unless the user wants it to be one."""
        if reason.code in UNAVAILABLE and not self._settings.network.strict:
            return replace(missing, message=reason.message)
        message = f"the remote base {missing.url} can't be fetched: {reason.message}"
        return replace(missing, code="source-unavailable", message=message, remedy=reason.remedy)

    def _feed(self) -> None:
        for client in (self._engine, *self._fetcher.clients):
            client.feed()
