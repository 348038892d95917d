"""Fetches what repositories name, with an engine of its own: one that has the network, and renders nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering import wire
from pytest_gitops.rendering.client import Answer, Call, EngineClient
from pytest_gitops.rendering.protocol import (
    Done,
    Fetched,
    FetchRequest,
    RenderError,
    RendererSettings,
    RendererUnavailableError,
)
from pytest_gitops.urls import normalise

FOLDER = "sources"
_ENOUGH = 2  # hosts that can't be reached, and none that can: the network isn't there
_DEADLINE = 150.0  # seconds: the engine bounds each fetch itself, and says more of it


class Fetcher:
    """Answers FetchRequests; the engine is started with the first one.

    What is fetched is kept in the folder ``sources`` of the cache, without a cache in a temporary directory that is
    gone when the Fetcher is closed.
    """

    def __init__(self, path: Path, settings: RendererSettings) -> None:
        self._path = path
        self._network = settings.network
        self._directory = None if settings.cache is None else settings.cache / FOLDER
        self._client: EngineClient | None = None
        # What lies in a temporary directory is of no use to anybody else.
        lasting = settings.standby is not None and settings.cache is not None
        self._known: dict[bytes, Any] = settings.standby.fetched if settings.standby and lasting else {}
        self._asked: set[bytes] = settings.standby.asked if settings.standby else set()
        self._tally = _Tally()
        self._temporary = ExitStack()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth telling once a run of what was fetched."""
        return self._tally.notes()

    @property
    def clients(self) -> tuple[EngineClient, ...]:
        """The engine, where it was started."""
        return () if self._client is None else (self._client,)

    def submit(self, request: FetchRequest, finish: Callable[[Done], None]) -> None:
        """Queue a fetch; ``finish`` takes its outcome, maybe at once."""
        if self._directory is None:
            self._directory = Path(self._temporary.enter_context(TemporaryDirectory(prefix="gitops-sources-")))
        key = self._parameters(request)
        self._asked.add(key)
        if key in self._known:
            self._tally.count(request, self._known[key])
            finish(Done(request, self._known[key], cached=True))
            return
        client = self._started()
        if isinstance(client, RenderError):
            finish(Done(request, client))
            return

        def finished(answer: Answer) -> None:
            result = done(request, answer)
            self._known[key] = result.outcome
            self._tally.count(request, result.outcome)
            finish(result)

        client.submit(Call(request.method, None, lambda _: key, finished, _DEADLINE))

    def close(self) -> None:
        """End the engine; may be called twice."""
        if self._client is not None:
            self._client.drop()
            self._client.process.end()
        self._temporary.close()

    def _started(self) -> EngineClient | RenderError:
        if self._client is None:
            try:
                self._client = EngineClient(self._path, network=True)
            except RendererUnavailableError as error:
                return RenderError("crash", str(error))
        return self._client

    def _parameters(self, request: FetchRequest) -> bytes:
        network = self._network
        return wire.encoded(
            {
                "base": request.base or None,
                "cache": str(self._directory),
                "chart": {"name": request.chart, "version": request.version} if request.chart else None,
                "offline": network.offline,
                "policy": {
                    "hosts": None if network.hosts is None else sorted(network.hosts),
                    "private": network.private,
                },
                "refresh": network.refresh,
                "source": None if request.source is None else _source(request.source),
            }
        )


class _Tally:
    """Counts what is told once rather than for each source."""

    def __init__(self) -> None:
        self._unverified: set[str] = set()
        self._unreachable: set[str] = set()
        self._reached = False

    def count(self, request: FetchRequest, outcome: Fetched | RenderError) -> None:
        """Take note of how a fetch ended."""
        if isinstance(outcome, Fetched):
            self._reached = self._reached or not outcome.cached
            if outcome.unverified:
                self._unverified.add(normalise(str(((request.source or {}).get("spec") or {}).get("url"))))
        elif outcome.code == "unreachable":
            self._unreachable.add(normalise(outcome.url or "").removeprefix("oci://").partition("/")[0])
        else:
            self._reached = self._reached or outcome.code in ("not-found", "unauthorized", "artifact")

    def notes(self) -> tuple[str, ...]:
        """Return a line for each thing that there is to tell."""
        notes = []
        if len(self._unreachable) >= _ENOUGH and not self._reached:
            hosts = len(self._unreachable)
            notes.append(f"nothing could be fetched: none of {hosts} hosts can be reached; --gitops-offline asks none")
        if self._unverified:
            urls = ", ".join(sorted(self._unverified))
            notes.append(f"signatures are not verified here, as spec.verify asks for with {urls}")
        return tuple(notes)


def done(request: FetchRequest, answer: Answer) -> Done:
    """Return what an answer says; one that isn't shaped as the protocol says is an error of its own."""
    if isinstance(answer, RenderError):
        return Done(request, answer)
    try:
        fetched = _fetched(answer)
    except (KeyError, TypeError, ValueError) as error:
        return Done(request, RenderError("protocol", f"the engine's answer can't be understood: {error!r}"))
    return Done(request, fetched, cached=fetched.cached)


def _source(source: JsonObject) -> JsonObject:
    return {"apiVersion": source.get("apiVersion"), "kind": source.get("kind"), "spec": source.get("spec")}


def _fetched(answer: JsonObject) -> Fetched:
    return Fetched(
        revision=answer["revision"],
        digest=answer["digest"],
        directory=_path(answer.get("directory")),
        archive=_path(answer.get("archive")),
        path=answer.get("path") or "",
        version=answer.get("version") or None,
        unverified=bool(answer.get("unverified")),
        cached=bool(answer.get("cached")),
    )


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
