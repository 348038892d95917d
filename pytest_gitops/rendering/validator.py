"""Judges objects with the bundled engine, as the API server of their cluster would."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering import wire
from pytest_gitops.rendering.binary import engine_path, start_engine
from pytest_gitops.rendering.process import ProcessEndedError
from pytest_gitops.rendering.protocol import RenderError, Tree
from pytest_gitops.rendering.standby import Standby

_DEADLINE = 60.0  # seconds for the objects of one Kustomization
_GRACE = 5.0
_IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a cluster knows of kinds: its Kubernetes and Flux versions (empty: not known), its own
    CustomResourceDefinitions as JSON texts, and folders with more of them or with JSON schemas.
    """

    kubernetes: str = ""
    flux: str = ""
    definitions: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the engine says of one batch: its findings by object, or why there are none."""

    ticket: int
    findings: Sequence[Sequence[JsonObject]] = ()
    error: RenderError | None = None


@dataclass(frozen=True, slots=True)
class Lint:
    """Keys that a mapping of a kustomization file or a patch holds twice, and unknown fields of kustomization files."""

    duplicates: Sequence[JsonObject] = ()
    unknown: Sequence[JsonObject] = ()


class Validator:
    """Speaks to an engine that nobody else does; raises RendererUnavailableError where there is none.

    It takes the one that ``standby`` has, and leaves it there, else starts one.
    Batches are submitted, and their verdicts taken in any order.
    """

    def __init__(self, cache: Path | None = None, standby: Standby | None = None) -> None:
        self._standby = standby
        self._process = (standby.take() if standby else None) or start_engine(engine_path(), network=False)[0]
        self._cache = cache
        self._number = 0
        self._waiting: list[bytes] = []
        self._in_flight = 0

    def open(self, knowledge: Knowledge) -> tuple[int, Sequence[JsonObject]] | RenderError:
        """Return a handle of what a cluster knows, and findings about the folders themselves.

        Call it before anything is submitted.
        """
        parameters = {
            "cache": None if self._cache is None else str(self._cache),
            "definitions": knowledge.definitions,
            "flux": knowledge.flux,
            "folders": [str(folder) for folder in knowledge.folders],
            "kubernetes": knowledge.kubernetes,
        }
        answer = self._ask("schemas", json.dumps(parameters).encode())
        if isinstance(answer, RenderError):
            return answer
        return int(answer["schemas"]), answer["findings"]

    def lint(self, root: Path) -> Lint:
        """Return what kustomize or Flux pass over without a word in the kustomization files below a directory.

        That is nothing where the directory can't be read. Call it before anything is submitted.
        """
        tree = self._ask("open", wire.open_parameters(Tree(root), self._cache))
        if isinstance(tree, RenderError):
            return Lint()
        found = self._ask("lint", wire.tree_parameters(int(tree["tree"])))
        return Lint() if isinstance(found, RenderError) else Lint(found["duplicates"], found["unknown"])

    def submit(self, schemas: int, texts: Sequence[str], *, namespaces: bool, cacheable: bool = True) -> int:
        """Queue a batch of objects, given as JSON texts, and return its ticket.

        ``namespaces`` says that Flux applies them as they are: what belongs into a namespace must name one. Without
        ``cacheable`` no verdict is kept: it may quote what was decrypted.
        """
        objects = b",".join(text.encode() for text in texts)
        flags = json.dumps({"cacheable": cacheable, "namespaces": namespaces, "schemas": schemas})
        head = flags.encode()[:-1] + b', "objects": ['
        self._waiting.append(self._request("validate", head + objects + b"]}"))
        self._send()
        return self._number

    def submit_updates(self, schemas: int, pairs: Sequence[tuple[str, str]], *, cacheable: bool = True) -> int:
        """Queue a batch of changes, each the JSON text of an object and of what becomes of it; return its ticket."""
        texts = b",".join(b"[%s, %s]" % (before.encode(), after.encode()) for before, after in pairs)
        flags = json.dumps({"cacheable": cacheable, "schemas": schemas})
        body = flags.encode()[:-1] + b', "pairs": [%s]}' % texts
        self._waiting.append(self._request("validate_update", body))
        self._send()
        return self._number

    def verdicts(self) -> Iterator[Verdict]:
        """Yield the verdict of every batch that was submitted; of none twice."""
        while self._in_flight:
            try:
                lines = self._process.receive(_DEADLINE + _GRACE)
                answers = [wire.reply(line) for line in lines]
            except (ProcessEndedError, ValueError) as error:
                yield Verdict(0, error=_ended(error))
                return
            self._in_flight -= len(answers)
            self._send()
            for ticket, answer in answers:
                if isinstance(answer, RenderError):
                    yield Verdict(ticket or 0, error=answer)
                else:
                    yield Verdict(ticket or 0, answer["findings"])

    def admit(
        self,
        texts: Sequence[str],
        *,
        policies: Sequence[str],
        bindings: Sequence[str],
        namespaces: Sequence[str],
        parameters: Sequence[str],
    ) -> Sequence[Sequence[JsonObject]] | RenderError:
        """Return what ValidatingAdmissionPolicies say of each object; all are JSON texts.

        Call it before anything is submitted.
        """
        given = {
            "bindings": bindings,
            "namespaces": namespaces,
            "objects": texts,
            "parameters": parameters,
            "policies": policies,
        }
        members = (f'"{name}": [{",".join(several)}]' for name, several in given.items())
        answer = self._ask("admit", f"{{{', '.join(members)}}}".encode())
        return answer if isinstance(answer, RenderError) else answer["findings"]

    def compile(self, expressions: Sequence[tuple[str, Sequence[str]]]) -> Sequence[str] | RenderError:
        """Return what keeps Flux from reading each CEL expression, empty where nothing does.

        An expression comes with the variables it may use; without any it is parsed only. Call it before anything
        is submitted.
        """
        given = [{"text": text, "variables": variables} for text, variables in expressions]
        answer = self._ask("compile", json.dumps({"expressions": given}).encode())
        return answer if isinstance(answer, RenderError) else answer["problems"]

    def close(self) -> None:
        """End the engine, or leave it to whoever needs one next."""
        if self._standby is not None and self._process.usable and not self._in_flight:
            self._standby.put(self._process)
        else:
            self._process.end()

    def _ask(self, method: str, parameters: bytes) -> JsonObject | RenderError:
        try:
            self._process.send(self._request(method, parameters))
            _, answer = wire.reply(self._process.receive(_DEADLINE + _GRACE)[0])
        except (ProcessEndedError, ValueError) as error:
            return _ended(error)
        return answer

    def _request(self, method: str, parameters: bytes) -> bytes:
        self._number += 1
        return wire.request(self._number, method, parameters, _DEADLINE)

    def _send(self) -> None:
        while self._waiting and self._in_flight < _IN_FLIGHT:
            self._process.send(self._waiting.pop(0))
            self._in_flight += 1


def _ended(error: Exception) -> RenderError:
    return RenderError("crash", f"the engine {error}")
