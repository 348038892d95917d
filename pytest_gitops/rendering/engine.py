"""The bundled engine: a child process that embeds the libraries Flux's controllers run."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering import wire
from pytest_gitops.rendering.binary import engine_path, start_engine
from pytest_gitops.rendering.process import LineProcess, ProcessEndedError
from pytest_gitops.rendering.protocol import (
    Done,
    Index,
    RenderError,
    RendererSettings,
    RendererUnavailableError,
    Request,
    Tree,
    TreeError,
)

_IN_FLIGHT = 64  # keeps the engine's workers busy, and bounds what a crash has to do again
_RESTARTS = 16
_KILLS = 3  # an engine killed from outside may have been running an innocent call
_GRACE = 5.0  # seconds beyond its deadline in which the engine says itself that a build took too long
_TREE_DEADLINE = 30.0  # seconds for what concerns a whole tree
_CRASH_REMEDY = (
    "if the machine ran out of memory, give it more; otherwise this is a bug in the engine, please report it: "
    "--gitops-engine=external renders with flux or kustomize from PATH meanwhile"
)
_OUT_OF_MEMORY = "out of memory"
_MEMORY_REMEDY = "split it into several Kustomizations; look for bases that are included more than once"
_UNKNOWN_TREE = RenderError("protocol", "the tree was not opened by this renderer")


@dataclass(slots=True, eq=False)
class _Call:
    """One request to the engine, however often it has to be sent; ``finish`` takes the answer."""

    method: str
    tree: Tree | None
    encode: Callable[[int], bytes]
    finish: Callable[[JsonObject | RenderError], None]
    deadline: float
    deaths: int = 0

    @property
    def suspect(self) -> bool:
        """Whether an engine died while this was in flight: it is run alone then."""
        return self.deaths > 0


class EngineRenderer:
    """Renders with the bundled engine; a Renderer.

    Calls wait here until they fit, then are in flight until the engine answers, in any order. When the engine
    dies, nobody knows of which call: each one in flight becomes a suspect and is run alone by a new engine, and
    the one during which that dies too has failed. Raises RendererUnavailableError where the engine isn't there,
    doesn't start or speaks another protocol.
    """

    def __init__(self, settings: RendererSettings, path: Path | None = None) -> None:
        self._settings = settings
        self._path = path or engine_path()
        self._numbers = 0
        self._waiting: deque[_Call] = deque()
        self._suspects: deque[_Call] = deque()
        self._in_flight: dict[int, _Call] = {}
        self._restarts = 0
        self._broken: RenderError | None = None
        self._requests = 0
        self._done: deque[Done] = deque()
        self._trees: dict[Tree, int | RenderError] = {}
        self._networked = False
        self._process, self._hello = self._start()

    @property
    def pending(self) -> int:
        """The number of requests submitted and not yet taken."""
        return self._requests

    @property
    def notes(self) -> tuple[str, ...]:
        """Nothing: the engine runs what the cluster runs."""
        return ()

    def describe(self) -> str:
        """Name the engine and the versions it embeds."""
        versions = self._hello.get("versions") or {}
        details = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
        return f"engine {self._hello.get('engine')} ({details})"

    def open(self, root: Path, *, hidden: Sequence[str] = (), ignore: str | None = None, remote: bool = False) -> Tree:
        """Take a view of a directory as source-controller would archive it. Raises TreeError."""
        tree = Tree(root=Path(os.path.abspath(root)), hidden=tuple(hidden), ignore=ignore, remote=remote)
        if remote and not self._networked:
            # Only an engine that may use the network is told of proxies, certificates and git.
            self._networked = True
            self._replace_process()
        self._trees[tree] = self._call("open", None, lambda _: wire.open_parameters(tree, self._settings.cache))["tree"]
        return tree

    def scan(self, tree: Tree) -> Index:
        """Read all YAML files of a tree once. Raises TreeError."""
        return wire.index(self._call("scan", tree, wire.tree_parameters))

    def submit(self, request: Request) -> None:
        """Queue one request; returns at once."""
        self._requests += 1

        def finish(answer: JsonObject | RenderError) -> None:
            self._done.append(wire.done(request, answer))

        def encode(tree: int) -> bytes:
            return wire.parameters(request, tree)

        deadline = request.deadline or self._settings.deadline
        self._waiting.append(_Call(request.method, request.tree, encode, finish, deadline))
        self._feed()

    def next_done(self) -> Done:
        """Wait for a request to finish, in no particular order. Raises LookupError where none is pending."""
        if not self._requests:
            raise LookupError("no request is pending")
        self._feed()
        while not self._done:
            self._advance()
            self._feed()
        self._requests -= 1
        return self._done.popleft()

    def close(self) -> None:
        """End the engine, or leave it to whoever needs one next; pending requests are dropped."""
        idle = not self._in_flight and not self._networked
        self._waiting.clear()
        self._suspects.clear()
        self._in_flight.clear()
        self._done.clear()
        self._requests = 0
        if self._settings.standby is not None and idle and self._process.usable:
            self._settings.standby.put(self._process)
        else:
            self._process.end()

    def _call(self, method: str, tree: Tree | None, encode: Callable[[int], bytes]) -> JsonObject:
        answers: list[JsonObject | RenderError] = []
        self._waiting.appendleft(_Call(method, tree, encode, answers.append, _TREE_DEADLINE))
        self._feed()
        while not answers:
            self._advance()
            self._feed()
        if isinstance(answers[0], RenderError):
            raise TreeError(answers[0])
        return answers[0]

    def _feed(self) -> None:
        """Send what may be sent: suspects one by one, everything else side by side."""
        if self._broken is None and not self._process.usable:
            self._replace_process()
        if self._broken is not None:
            self._give_up(self._broken)
            return
        while self._suspects and not self._in_flight:
            self._send(self._suspects.popleft())
        while self._waiting and not self._suspects and self._room:
            self._send(self._waiting.popleft())

    @property
    def _room(self) -> bool:
        alone = len(self._in_flight) == 1 and next(iter(self._in_flight.values())).suspect
        return not alone and len(self._in_flight) < _IN_FLIGHT

    def _send(self, call: _Call) -> None:
        tree = 0 if call.tree is None else self._trees.get(call.tree, _UNKNOWN_TREE)
        if isinstance(tree, RenderError):
            call.finish(tree)
            return
        try:
            parameters = call.encode(tree)
        except (TypeError, ValueError, RecursionError) as error:
            call.finish(RenderError("protocol", f"the request can't be written as JSON: {error}"))
            return
        self._in_flight[self._number()] = call
        self._process.send(wire.request(self._numbers, call.method, parameters, call.deadline))

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _advance(self) -> None:
        """Wait until the engine says something, and take it in."""
        if not self._in_flight:
            return
        patience = _GRACE + max(call.deadline for call in self._in_flight.values())
        try:
            for line in self._process.receive(patience):
                self._take(line)
        except ProcessEndedError as ended:
            self._recover(ended)

    def _take(self, line: bytes) -> None:
        try:
            number, answer = wire.reply(line)
        except (ValueError, RecursionError):
            raise self._process.fail("wrote something that is no reply") from None
        if isinstance(answer, RenderError) and answer.code == "cancelled":
            return  # it is ending: the call counts as in flight when it does
        if number not in self._in_flight:
            raise self._process.fail("answered a request that nobody made")
        self._in_flight.pop(number).finish(answer)

    def _recover(self, ended: ProcessEndedError) -> None:
        """Replace a dead engine, and sort out which of the calls in flight killed it."""
        calls = list(self._in_flight.values())
        self._in_flight.clear()
        alone = len(calls) == 1 and calls[0].suspect
        for call in calls:
            call.deaths += 1
        if alone and (not ended.outside or calls[0].deaths > _KILLS):
            calls.pop().finish(_crash(f"the engine {ended}"))
        self._suspects.extendleft(reversed(calls))
        self._restarts += 1
        if self._restarts > _RESTARTS:
            self._broken = _crash(f"the engine died {self._restarts} times and was not started again; it {ended}")
        else:
            self._replace_process()

    def _replace_process(self) -> None:
        """Start a new engine that knows the same trees; what was in flight waits again."""
        if self._process.usable:
            self._process.end()
        for call in reversed(self._in_flight.values()):
            (self._suspects if call.suspect else self._waiting).appendleft(call)
        self._in_flight.clear()
        try:
            self._process, self._hello = self._start()
            for tree in self._trees:
                self._trees[tree] = self._reopen(tree)
        except (RendererUnavailableError, ProcessEndedError, ValueError) as error:
            self._broken = _crash(f"the engine died and can't be started again: {error}")

    def _reopen(self, tree: Tree) -> int | RenderError:
        parameters = wire.open_parameters(tree, self._settings.cache)
        self._process.send(wire.request(self._number(), "open", parameters, _TREE_DEADLINE))
        _, answer = wire.reply(self._process.receive(_TREE_DEADLINE + _GRACE)[0])
        return answer if isinstance(answer, RenderError) else int(answer["tree"])

    def _give_up(self, error: RenderError) -> None:
        calls = (*self._in_flight.values(), *self._suspects, *self._waiting)
        self._in_flight.clear()
        self._suspects.clear()
        self._waiting.clear()
        for call in calls:
            call.finish(error)

    def _start(self) -> tuple[LineProcess, JsonObject]:
        return start_engine(self._path, network=self._networked)


def _crash(message: str) -> RenderError:
    if _OUT_OF_MEMORY in message:
        return RenderError("limit", message, remedy=_MEMORY_REMEDY)
    return RenderError("crash", message, remedy=_CRASH_REMEDY)
