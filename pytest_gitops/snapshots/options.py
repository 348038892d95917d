"""The configuration's ``snapshots``: where they lie, and what they leave out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_gitops.snapshots.rules import BUILT_IN, Action, Rule

FOLDER = "gitops-snapshots"
GENERATED_NAMES = "generated-names"
# Rules of their own kind, which are code; like the others they can be switched off.
IDS = (*(rule.id for rule in BUILT_IN), GENERATED_NAMES)


@dataclass(frozen=True, slots=True)
class Fold:
    """How long a text may be before a digest stands for it: lines, characters, and characters without a blank."""

    lines: int = 100
    characters: int = 8000
    word: int = 256


@dataclass(frozen=True, slots=True)
class SnapshotOptions:
    """How snapshots are made: ``folder`` is relative to the repository's root, ``rules`` are those that are on.

    ``names`` says whether the hash suffixes of generated names are left out, ``variants`` whether parts that several
    clusters share are compared with each other.
    """

    folder: str = FOLDER
    rules: tuple[Rule, ...] = BUILT_IN
    names: bool = True
    fold: Fold = Fold()
    variants: bool = True


def snapshot_options(given: Mapping[str, Any]) -> SnapshotOptions:
    """Return the options that a valid ``snapshots`` of the configuration gives."""
    chosen: Mapping[str, Any] = given.get("rules") or {}
    off = {id for id, value in chosen.items() if value in ("off", False)}
    rules = [rule for rule in BUILT_IN if rule.id not in off]
    fold = given.get("fold") or {}
    return SnapshotOptions(
        folder=given.get("folder", FOLDER).strip("/"),
        rules=(*rules, *_own(chosen)),
        names=GENERATED_NAMES not in off,
        fold=Fold(**fold),
        variants=given.get("variants", True),
    )


def unknown_rules(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids of rules that the configuration switches without there being such a rule."""
    for id, value in (given.get("rules") or {}).items():
        if not isinstance(value, dict) and id not in IDS:
            yield id


def _own(chosen: Mapping[str, Any]) -> Iterator[Rule]:
    for id, value in chosen.items():
        if isinstance(value, dict):
            globs = {name: value[name] for name in ("kind", "namespace", "name") if name in value}
            path = tuple(str(step) for step in value["path"])
            yield Rule(id, (path,), Action(value.get("action", "any")), **globs)
