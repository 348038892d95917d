"""Findings, each told once: for all objects, parts and clusters of which one line of a file is the cause."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pytest_gitops.checks.results import Item
from pytest_gitops.hiding import Hiding
from pytest_gitops.model import Finding
from pytest_gitops.objects import HASH

_HASH = re.compile(rf"{HASH}\b")


class Told:
    """Findings in the order of their first appearance, equal ones as one, without what was decrypted."""

    def __init__(self, hiding: Hiding) -> None:
        self.hiding = hiding
        self._found: dict[object, tuple[Finding, dict[Item, None], dict[str, None]]] = {}

    def add(self, finding: Finding, item: Item, *, merged: bool = False) -> None:
        """Add a finding, or its cluster, item and object to one that says the same of the same line.

        ``merged`` takes those with the same rule and location as one, whatever they say.
        """
        finding = self.hiding.finding(finding)
        same = None if merged and finding.location else _gist(finding) if finding.location else finding.message
        key = (finding.rule, finding.location, same, finding.severity)
        known, items, objects = self._found.get(key, (finding, {}, {}))
        clusters = tuple(dict.fromkeys((*known.clusters, *finding.clusters)))
        subject = {_subject(finding): None} if same is not None and finding.location else {}
        self._found[key] = (replace(known, clusters=clusters), {**items, item: None}, {**objects, **subject})

    def __iter__(self) -> Iterator[tuple[Finding, tuple[Item, ...]]]:
        return ((_of_all(finding, objects), tuple(items)) for finding, items, objects in self._found.values())


def _gist(finding: Finding) -> str:
    """Return what a finding says of whatever object in whatever namespace: one line of a patch is about many."""
    text = _HASH.sub("", _subject_first(finding, finding.message, ""))
    _kind, namespace, _name = _object(finding)
    return re.sub(rf"(?<![\w-]){re.escape(namespace)}(?![\w-])", "", text) if namespace else text


def _of_all(finding: Finding, objects: Mapping[str, None]) -> Finding:
    """Say of how many objects a finding is told."""
    more = len(objects) - 1
    if more < 1:
        return finding
    return replace(finding, message=_subject_first(finding, finding.message, f"{_subject(finding)} and {more} more"))


def _subject(finding: Finding) -> str:
    """Return how messages begin that are about an object: its kind and its name."""
    kind, _namespace, name = _object(finding)
    return f"{kind} {name}"


def _object(finding: Finding) -> tuple[str, str, str]:
    """Return kind, namespace and name of what a finding is about."""
    kind, _slash, rest = (finding.resource or "").partition("/")
    namespace, _slash, name = rest.rpartition("/")
    return kind, namespace, name


def _subject_first(finding: Finding, message: str, text: str) -> str:
    """Replace the object at a message's beginning, where it begins so."""
    subject = _subject(finding)
    rest = message.removeprefix(subject)
    return f"{text}{rest}" if rest != message and rest[:1] in (":", " ") else message
