"""The engine protocol's requests and replies, to and from Python values (docs/reference/engine-protocol.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_gitops.model import (
    Encrypted,
    JsonObject,
    Location,
    Rendered,
    Resource,
    ResourceId,
    Variable,
    group_of,
)
from pytest_gitops.rendering.protocol import (
    BuildRequest,
    DeclaredVersion,
    Done,
    Fetched,
    Index,
    IndexedObject,
    IndexedOverlay,
    RenderError,
    Tree,
    UnreadFile,
    VariableSource,
    Work,
)

_ENCODER = json.JSONEncoder(sort_keys=True, allow_nan=False)


def request(number: int, method: str, parameters: bytes, deadline: float) -> bytes:
    """Return one request line, without its newline; ``parameters`` are JSON already, ``deadline`` is in seconds."""
    head = f'{{"deadline_ms": {int(deadline * 1000)}, "id": {number}, "method": "{method}", "params": '
    return head.encode() + parameters + b"}"


def open_parameters(tree: Tree, cache: Path | None) -> bytes:
    """Return the parameters of ``open``."""
    return encoded(
        {
            "cache": None if cache is None else str(cache),
            "hidden": tree.hidden,
            "ignore": tree.ignore,
            "root": str(tree.root),
        }
    )


def tree_parameters(tree: int) -> bytes:
    """Return the parameters of a method that takes only a tree."""
    return encoded({"tree": tree})


def parameters(request: BuildRequest | Work, tree: int, bases: Mapping[str, Fetched] | None = None) -> bytes:
    """Return a request's parameters; raises TypeError or ValueError where they hold what JSON can't.

    ``bases`` are the remote bases that were fetched for a build, by URL.
    """
    if isinstance(request, BuildRequest):
        return encoded(_build_parameters(request, tree, bases or {}))
    return encoded(request.parameters(tree))


def _build_parameters(build: BuildRequest, tree: int, bases: Mapping[str, Fetched]) -> JsonObject:
    return {
        "bases": [{"directory": str(base.directory), "path": base.path, "url": url} for url, base in bases.items()],
        "cacheable": build.cacheable,
        "decryption": build.keys.parameters(),
        "kustomization": build.kustomization,
        "path": build.path,
        "strict": build.strict,
        "tree": tree,
        "variables": [value_parameters(source) for source in build.variables],
    }


def value_parameters(source: VariableSource) -> JsonObject:
    """Return a ConfigMap or Secret as the engine is told of it."""
    return {
        "complete": source.complete,
        "kind": source.kind,
        "name": source.name,
        "secret": source.secret,
        "values": dict(source.values),
    }


def reply(line: bytes) -> tuple[int | None, JsonObject | RenderError]:
    """Return whose answer a line is, and the answer; raises ValueError where it is no reply."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("not an object")
    number = message.get("id")
    if isinstance(message.get("error"), dict):
        return number, _error(message["error"])
    if isinstance(message.get("result"), dict):
        return number, message["result"]
    raise ValueError("neither a result nor an error")


def done(request: BuildRequest | Work, answer: JsonObject | RenderError) -> Done:
    """Return what an answer says; one that isn't shaped as the protocol says is an error of its own."""
    if isinstance(answer, RenderError):
        return Done(request, answer)
    try:
        outcome = rendered(answer) if isinstance(request, BuildRequest) else request.answer(answer)
        return Done(request, outcome, cached=bool(answer.get("cached")))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return Done(request, RenderError("protocol", f"the engine's answer can't be understood: {error!r}"))


def rendered(result: JsonObject) -> Rendered:
    """Return the result of ``build``, its resources undecoded."""
    return Rendered(
        tuple(resource_of(resource) for resource in result["resources"]),
        reads=tuple(result.get("reads") or ()),
        variables=tuple(
            Variable(v["name"], v["source"], tuple(v.get("resources") or ())) for v in result.get("variables") or ()
        ),
        placeholders=result.get("placeholders"),
        secrets=tuple(result.get("secrets") or ()),
        encrypted=tuple(_encrypted(encrypted) for encrypted in result.get("encrypted") or ()),
    )


def _encrypted(result: JsonObject) -> Encrypted:
    return Encrypted(
        problem=result["problem"],
        location=_place(result) if result.get("file") else None,
        resource=result.get("resource") or "",
        wanted=tuple(result.get("wanted") or ()),
    )


def index(result: JsonObject) -> Index:
    """Return the result of ``scan``."""
    return Index(
        files=int(result.get("files") or 0),
        objects=tuple(IndexedObject(_place(o), o["object"]) for o in result.get("objects") or ()),
        overlays=tuple(
            IndexedOverlay(
                path=_directory(o["path"]),
                file=o["file"],
                component=bool(o.get("component")),
                references=tuple(_directory(reference) for reference in o.get("references") or ()),
                remote=tuple(o.get("remote") or ()),
            )
            for o in result.get("kustomizations") or ()
        ),
        charts=tuple(_directory(chart) for chart in result.get("charts") or ()),
        versions=tuple(DeclaredVersion(v["file"], v["flux"]) for v in result.get("versions") or ()),
        errors=tuple(UnreadFile(_place(e), e["message"]) for e in result.get("errors") or ()),
    )


def resource_of(result: JsonObject) -> Resource:
    """Return a rendered object, undecoded."""
    version = result["apiVersion"]
    id = ResourceId(group_of(version), result["kind"], result.get("namespace") or "", result["name"])
    return Resource(
        id=id,
        api_version=version,
        text=result["object"],
        origin=result.get("origin") or None,
        transformations=tuple(result.get("transformations") or ()),
    )


def _error(error: JsonObject) -> RenderError:
    return RenderError(
        code=str(error.get("code") or "protocol"),
        message=str(error.get("message") or "the engine gave no reason"),
        location=_place(error) if error.get("file") else None,
        chain=tuple(_place(place) for place in error.get("chain") or ()),
        remedy=error.get("remedy") or None,
        resource=error.get("resource") or None,
        field=error.get("field") or None,
        field_line=None if error.get("file") else error.get("line") or None,
        variable=error.get("variable") or None,
        url=error.get("url") or None,
        template=error.get("template") or None,
        template_line=error.get("template_line") or None,
        values_path=error.get("values_path") or None,
    )


def _place(place: JsonObject) -> Location:
    return Location(place["file"], place.get("line") or None)


def _directory(path: str) -> str:
    return "" if path == "." else path


def encoded(value: Any) -> bytes:
    """Return a value as JSON; raises TypeError or ValueError where it holds what JSON can't."""
    return _ENCODER.encode(value).encode()
