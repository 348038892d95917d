"""What snapshots leave out or replace, so that they change only when something a reviewer cares about does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from itertools import dropwhile
from typing import Any

from pytest_gitops.model import JsonObject
from pytest_gitops.objects import name_of, namespace_of

ANY = "<any>"
REDACTED = "<redacted>"
DEEP = "**"

Path = tuple[str, ...]


class Action(Enum):
    """What becomes of a value: it is taken away, any value is as good as another, or a digest shows that it changed."""

    REMOVE = "remove"
    ANY = "any"
    DIGEST = "digest"
    REDACT = "redact"


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of the values at certain paths of certain objects; all but ``id`` and ``paths`` are globs.

    A path is one glob for each key or index from the object's root; ``**`` stands for any number of them. ``random``
    rules are for parts that give other values at each render.
    """

    id: str
    paths: tuple[Path, ...]
    action: Action = Action.ANY
    kind: str = "*"
    namespace: str = "*"
    name: str = "*"
    random: bool = False

    def concerns(self, obj: JsonObject) -> bool:
        """Return whether the rule is for this object."""
        pairs = ((str(obj.get("kind")), self.kind), (namespace_of(obj), self.namespace), (name_of(obj), self.name))
        return all(pattern == "*" or fnmatchcase(value, pattern) for value, pattern in pairs)


def _annotations(*names: str) -> tuple[Path, ...]:
    return tuple((DEEP, "annotations", name) for name in names)


def _labels(*names: str) -> tuple[Path, ...]:
    return tuple((DEEP, "labels", name) for name in names)


_OWNERS = ("kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io", "resourceset.fluxcd.controlplane.io")

BUILT_IN = (
    Rule("checksums", _annotations("checksum/*", "*/checksum", "checksum", "rollme")),
    Rule("chart-labels", _labels("helm.sh/chart", "app.kubernetes.io/version", "chart")),
    Rule(
        "owner-labels",
        tuple(("metadata", "labels", f"{group}/{key}") for group in _OWNERS for key in ("name", "namespace")),
        Action.REMOVE,
    ),
    Rule(
        "crd-schemas",
        (("spec", "versions", "*", "schema", "openAPIV3Schema"), ("spec", "validation", "openAPIV3Schema")),
        Action.DIGEST,
        kind="CustomResourceDefinition",
    ),
    Rule("random-secrets", (("data", "*"), ("stringData", "*")), Action.REDACT, kind="Secret", random=True),
    Rule("random-certificates", ((DEEP, "caBundle"), (DEEP, "caCert")), random=True),
)


def apply(rules: Sequence[Rule], obj: JsonObject) -> JsonObject:
    """Return an object as the rules leave it: a new one where any of them finds something."""
    steps = _Steps.of([(path, rule.action) for rule in rules if rule.concerns(obj) for path in rule.paths])
    changed: JsonObject = _walk(obj, steps)
    return changed


def digest(text: str) -> str:
    """Return a short digest of a text that is no secret."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


_Step = tuple[Path, Action]


@dataclass(frozen=True, slots=True)
class _Steps:
    """What is left of paths at one place of an object: those that go on here, and those that may go on at any depth.

    The latter are by the key that they wait for, so that the many keys that none waits for cost next to nothing.
    """

    here: tuple[_Step, ...] = ()
    named: Mapping[str, tuple[_Step, ...]] = field(default_factory=dict)
    globs: tuple[_Step, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[_Step], around: _Steps | None = None) -> _Steps:
        """Return these paths, along with those that go on at any depth since ``around``."""
        here, globs = [], list(around.globs if around else ())
        named = dict(around.named if around else {})
        for path, action in steps:
            rest = tuple(dropwhile(DEEP.__eq__, path)) or ("*",)
            if path[0] != DEEP:
                here.append((path, action))
            elif "*" in rest[0]:
                globs.append((rest, action))
            else:
                named[rest[0]] = (*named.get(rest[0], ()), (rest, action))
        return cls(tuple(here), named, tuple(globs))

    def after(self, key: str) -> list[_Step]:
        """Return what is left of the paths that a key goes on with."""
        found = [(path[1:], action) for path, action in self.named.get(key, ())]
        for path, action in (*self.here, *self.globs):
            if path[0] == key or ("*" in path[0] and fnmatchcase(key, path[0])):
                found.append((path[1:], action))
        return found


def _walk(value: Any, steps: _Steps) -> Any:
    if isinstance(value, dict):
        changed = {}
        for key, item in value.items():
            kept, below = _step(item, key, steps)
            if kept:
                changed[key] = below
        return _without_emptied(value, changed)
    if isinstance(value, list):
        stepped = (_step(item, str(index), steps) for index, item in enumerate(value))
        return [below for kept, below in stepped if kept]
    return value


def _without_emptied(before: JsonObject, after: JsonObject) -> JsonObject:
    """Take away mappings that a rule left empty: labels and annotations that held only what nobody compares."""
    return {key: value for key, value in after.items() if value != {} or before[key] == {}}


def _step(value: Any, key: str, steps: _Steps) -> tuple[bool, Any]:
    """Go one key further; return whether the value stays, and what it becomes."""
    found = steps.after(key)
    for path, action in found:
        if not path:
            return action is not Action.REMOVE, _replaced(value, action)
    if not isinstance(value, dict | list):
        return True, value
    return True, _walk(value, _Steps.of(found, steps) if found or steps.here else steps)


def _replaced(value: Any, action: Action) -> str:
    if action is Action.DIGEST:
        return f"<digest {digest(json.dumps(value, sort_keys=True))}>"
    return REDACTED if action is Action.REDACT else ANY
