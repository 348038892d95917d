"""Speaks to one engine process, and to the next one where that dies."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering import wire
from pytest_gitops.rendering.binary import start_engine
from pytest_gitops.rendering.process import LineProcess, ProcessEndedError, wait_for_any
from pytest_gitops.rendering.protocol import RenderError, RendererUnavailableError, Tree, TreeError
from pytest_gitops.rendering.standby import Standby

_IN_FLIGHT = 64  # keeps the engine's workers busy, and bounds what a crash has to do again
_RESTARTS = 16
_KILLS = 3  # an engine killed from outside may have been running an innocent call
_GRACE = 5.0  # seconds beyond its deadline in which the engine says itself that a call took too long
_TREE_DEADLINE = 30.0  # seconds for what concerns a whole tree
_CRASH_REMEDY = (
    "if the machine ran out of memory, give it more; otherwise this is a bug in the engine, please report it: "
    "--gitops-engine=external renders with flux or kustomize from PATH meanwhile"
)
_OUT_OF_MEMORY = "out of memory"
_MEMORY_REMEDY = "split it into several Kustomizations; look for bases that are included more than once"
_UNKNOWN_TREE = RenderError("protocol", "the tree was not opened by this renderer")

Answer = JsonObject | RenderError


@dataclass(slots=True, eq=False)
class Call:
    """One request to the engine, however often it has to be sent; ``finish`` takes the answer.

    ``encode`` makes its parameters from the number of its ``tree``, 0 where it has none. ``deadline`` is in seconds.
    """

    method: str
    tree: Tree | None
    encode: Callable[[int], bytes]
    finish: Callable[[Answer], None]
    deadline: float
    deaths: int = 0

    @property
    def suspect(self) -> bool:
        """Whether an engine died while this was in flight: it is run alone then."""
        return self.deaths > 0


class EngineClient:
    """Sends calls to an engine and gives their answers back, in any order, until the last one is answered.

    Calls wait here until they fit, then are in flight until the engine answers. When the engine dies, nobody knows of
    which call: each one in flight becomes a suspect and is run alone by a new engine, and the one during which that
    dies too has failed. ``network`` starts an engine that fetches, and does nothing else; ``cache`` is for trees. An
    engine that ``standby`` has is taken in place of a new one.
    Raises RendererUnavailableError where the engine isn't there, doesn't start or speaks another protocol.
    """

    def __init__(
        self, path: Path, *, network: bool = False, cache: Path | None = None, standby: Standby | None = None
    ) -> None:
        self._path = path
        self._network = network
        self._cache = cache
        self._numbers = 0
        self._waiting: deque[Call] = deque()
        self._suspects: deque[Call] = deque()
        self._in_flight: dict[int, Call] = {}
        self._restarts = 0
        self._broken: RenderError | None = None
        self._trees: dict[Tree, int | RenderError] = {}
        self._heard = time.monotonic()
        known = standby.take_known() if standby is not None else None
        self._process, self.hello = known or self._start()

    @property
    def process(self) -> LineProcess:
        """The engine that runs now."""
        return self._process

    @property
    def busy(self) -> bool:
        """Whether the engine owes an answer."""
        return bool(self._in_flight)

    def open(self, tree: Tree) -> None:
        """Open a tree, in this engine and in each that takes its place. Raises TreeError."""
        self._trees[tree] = self._ask("open", None, lambda _: wire.open_parameters(tree, self._cache))["tree"]

    def ask(self, method: str, tree: Tree) -> JsonObject:
        """Return the answer of a method that takes only a tree. Raises TreeError."""
        return self._ask(method, tree, wire.tree_parameters)

    def submit(self, call: Call) -> None:
        """Queue a call, and send what fits."""
        self._waiting.append(call)
        self.feed()

    def drop(self) -> None:
        """Forget all calls."""
        self._waiting.clear()
        self._suspects.clear()
        self._in_flight.clear()

    def feed(self) -> None:
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

    def advance(self, *, wait: bool = True) -> None:
        """Take in what the engine says; with ``wait`` it is something, unless nothing is in flight."""
        if not self._in_flight:
            return
        try:
            for line in self._process.receive(self._allowed) if wait else self._poll():
                self._take(line)
        except ProcessEndedError as ended:
            self._recover(ended)

    @property
    def patience(self) -> float:
        """The seconds for which the engine may go on saying nothing."""
        return max(0.0, self._heard + self._allowed - time.monotonic())

    @property
    def _allowed(self) -> float:
        return _GRACE + max((call.deadline for call in self._in_flight.values()), default=0.0)

    def _poll(self) -> list[bytes]:
        lines = self._process.poll()
        if not lines and self.patience <= 0:
            raise self._process.fail("gave no answer in time")
        return lines

    def _ask(self, method: str, tree: Tree | None, encode: Callable[[int], bytes]) -> JsonObject:
        answers: list[Answer] = []
        self._waiting.appendleft(Call(method, tree, encode, answers.append, _TREE_DEADLINE))
        self.feed()
        while not answers:
            self.advance()
            self.feed()
        if isinstance(answers[0], RenderError):
            raise TreeError(answers[0])
        return answers[0]

    @property
    def _room(self) -> bool:
        alone = len(self._in_flight) == 1 and next(iter(self._in_flight.values())).suspect
        return not alone and len(self._in_flight) < _IN_FLIGHT

    def _send(self, call: Call) -> None:
        tree = 0 if call.tree is None else self._trees.get(call.tree, _UNKNOWN_TREE)
        if isinstance(tree, RenderError):
            call.finish(tree)
            return
        try:
            parameters = call.encode(tree)
        except (TypeError, ValueError, RecursionError) as error:
            call.finish(RenderError("protocol", f"the request can't be written as JSON: {error}"))
            return
        if not self._in_flight:
            self._heard = time.monotonic()
        self._in_flight[self._number()] = call
        self._process.send(wire.request(self._numbers, call.method, parameters, call.deadline))

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _take(self, line: bytes) -> None:
        self._heard = time.monotonic()
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
            self._process, self.hello = self._start()
            for tree in self._trees:
                self._trees[tree] = self._reopen(tree)
        except (RendererUnavailableError, ProcessEndedError, ValueError) as error:
            self._broken = _crash(f"the engine died and can't be started again: {error}")

    def _reopen(self, tree: Tree) -> int | RenderError:
        parameters = wire.open_parameters(tree, self._cache)
        self._process.send(wire.request(self._number(), "open", parameters, _TREE_DEADLINE))
        _, answer = wire.reply(self._process.receive(_TREE_DEADLINE + _GRACE)[0])
        return answer if isinstance(answer, RenderError) else int(answer["tree"])

    def _give_up(self, error: RenderError) -> None:
        calls = (*self._in_flight.values(), *self._suspects, *self._waiting)
        self.drop()
        for call in calls:
            call.finish(error)

    def _start(self) -> tuple[LineProcess, JsonObject]:
        return start_engine(self._path, network=self._network)


def advance_any(clients: Sequence[EngineClient]) -> None:
    """Take in what one of several engines says, whichever is the first to say something."""
    busy = [client for client in clients if client.busy]
    if len(busy) == 1:
        busy[0].advance()
    elif busy:
        wait_for_any([client.process for client in busy], min(client.patience for client in busy))
        for client in busy:
            client.advance(wait=False)


def _crash(message: str) -> RenderError:
    if _OUT_OF_MEMORY in message:
        return RenderError("limit", message, remedy=_MEMORY_REMEDY)
    return RenderError("crash", message, remedy=_CRASH_REMEDY)
