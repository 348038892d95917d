"""From what an API server says of an object to rules and fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_gitops.checks.live import server_rules
from pytest_gitops.checks.rule import FieldPath, Rule
from pytest_gitops.live.api import ApiError
from pytest_gitops.live.applying import FIRST
from pytest_gitops.model import JsonObject

Said = tuple[Rule, str, FieldPath]

_CONFLICT = 409
_FORBIDDEN = 403
# A typed path of a server-side apply: `.spec.containers[name="web"].image: field not declared in schema`.
_TYPED = re.compile(r"(\.[A-Za-z][^\s:]*): (field not declared in schema|[^;\n]+)")
_STEP = re.compile(r'\.?([^.\[\]]+)|\[("(?:[^"\\]|\\.)*"|[^\]]*)\]')
_IMMUTABLE = (
    "immutable",
    "cannot change roleref",
    "may not be changed",
    "may not change",
    "updates to statefulset spec",
)
# What Flux applies to say whose an object is; of two Kustomizations, the last one wins.
_OWNER = "kustomize.toolkit.fluxcd.io/"
# Some messages end with both objects, as a diff.
_DIFF = "\n@@ "


def said(error: ApiError, obj: JsonObject) -> Iterator[Said]:
    """Yield what an answer complains of: the rule, the message, and the field of the object, empty for all of it."""
    if error.code == _CONFLICT:
        for cause in error.causes or [{}]:
            yield (
                server_rules.conflict,
                str(cause.get("message") or error),
                field_path(str(cause.get("field", "")), obj),
            )
    elif "ValidatingAdmissionPolicy" in str(error) or "violates PodSecurity" in str(error):
        yield server_rules.denied, _denial(str(error)), ()
    elif error.causes and error.reason == "Invalid":
        for cause in error.causes:
            message = str(cause.get("message") or error).partition(_DIFF)[0]
            yield _rule_of(message), message, field_path(str(cause.get("field") or ""), obj)
    elif "field not declared in schema" in str(error) or "failed to create typed" in str(error):
        yield from _typed(str(error), obj)
    else:
        rule = server_rules.refused if error.code == _FORBIDDEN else _rule_of(str(error))
        yield rule, str(error), ()


def contended(error: ApiError, obj: JsonObject) -> Iterator[FieldPath]:
    """Yield the fields of an object that its first owner applies with another value."""
    for cause in error.causes:
        field = str(cause.get("field") or "")
        if FIRST in str(cause.get("message")) and _OWNER not in field:
            yield field_path(field, obj)


def field_path(text: str, obj: JsonObject) -> FieldPath:
    """Return the path that an API server writes as text: ``spec.ports[0].name``, ``data[a.key]``, ``[name="web"]``."""
    path: list[str | int] = []
    at: Any = obj
    for match in _STEP.finditer(text):
        plain, bracketed = match.groups()
        step: str | int | None = plain if plain is not None else _step(bracketed, at)
        if step is None:
            break
        path.append(step)
        at = _below(at, step)
    return tuple(path)


def _step(text: str, at: Any) -> str | int | None:
    """Return what a bracket means: an index, a key of a mapping, or the entry of a list with such a key."""
    if text.isdigit():
        return int(text) if isinstance(at, list) else text
    if "=" in text and isinstance(at, list):
        wanted = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
        # What an entry leaves out is a default in the server's text, or nothing: `[port=0,protocol="TCP"]`.
        fitting = [
            index
            for index, entry in enumerate(at)
            if isinstance(entry, dict) and all(str(entry[k]) == v.strip('"') for k, v in wanted.items() if k in entry)
        ]
        return fitting[0] if fitting else None
    return text.strip('"') or None


def _below(at: Any, step: str | int) -> Any:
    if isinstance(at, dict):
        return at.get(str(step))
    if isinstance(at, list) and isinstance(step, int) and step < len(at):
        return at[step]
    return None


def _rule_of(message: str) -> Rule:
    lowered = message.lower()
    return server_rules.immutable if any(words in lowered for words in _IMMUTABLE) else server_rules.invalid


def _typed(message: str, obj: JsonObject) -> Iterator[Said]:
    found = list(_TYPED.finditer(message))
    for match in found:
        text = match.group(2)
        told = "the kind has no such field" if text == "field not declared in schema" else text
        yield server_rules.invalid, told, field_path(match.group(1), obj)
    if not found:
        yield server_rules.invalid, message, ()


def _denial(message: str) -> str:
    """Return who denies and why, without what the API server says of whom and what it was asked for."""
    return message.partition("is forbidden: ")[2] or message
