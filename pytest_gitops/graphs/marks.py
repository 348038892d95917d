"""What a graph or tree says of an object besides its name: what it depends on, and why it may not be applied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_gitops.model import Failed, Part, Resource, Skipped

Subject = Part | Resource


def dependencies(subject: Subject) -> Iterator[tuple[str, str]]:
    """Yield namespace and name of each entry of ``spec.dependsOn`` that has a name.

    An entry without a namespace means the dependent's own (kustomize-controller and helm-controller, all versions).
    """
    spec: Any = subject.spec
    entries = spec.get("dependsOn") if isinstance(spec, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("name"):
            yield str(entry.get("namespace") or subject.id.namespace), str(entry["name"])


def state(subject: Subject) -> str:
    """Return ``failed``, ``suspended`` or ``skipped``, empty where none of them holds."""
    if isinstance(subject, Part) and isinstance(subject.outcome, Failed):
        return "failed"
    spec: Any = subject.spec
    if isinstance(spec, dict) and spec.get("suspend") is True:
        return "suspended"
    return "skipped" if isinstance(subject, Part) and isinstance(subject.outcome, Skipped) else ""


def printable(text: str) -> str:
    """Return a text of the repository with all that isn't printed, such as a terminal's escape, made visible."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
