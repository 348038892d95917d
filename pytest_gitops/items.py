"""The test items: one for each check of each part of the fleet.

``build`` is the first check. A further one is a further entry of ``CHECKS``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_gitops.model import (
    Cluster,
    Failed,
    Finding,
    Fleet,
    Kustomization,
    Location,
    Overlay,
    Severity,
    Skipped,
)
from pytest_gitops.session import SESSION

FINDING = "gitops_finding"
SUSPENDED = "gitops_suspended"


@dataclass(frozen=True, slots=True)
class Subject:
    """What one item is about: a whole cluster, a Kustomization of a cluster, or an overlay (``cluster`` is None)."""

    fleet: Fleet
    cluster: Cluster | None
    part: Cluster | Kustomization | Overlay

    @property
    def name(self) -> str:
        """The part's name: a cluster's, a Kustomization's ``namespace/name``, an overlay's path."""
        return (self.part.path or ".") if isinstance(self.part, Overlay) else self.part.name

    @property
    def title(self) -> str:
        """The part's name for a person: ``cluster``, ``cluster / namespace/name`` or ``overlay path``."""
        if isinstance(self.part, Kustomization) and self.cluster is not None:
            return f"{self.cluster.name} / {self.name}"
        return f"overlay {self.name}" if isinstance(self.part, Overlay) else self.name

    @property
    def location(self) -> Location:
        """Where the part is declared."""
        return self.part.location if isinstance(self.part, Kustomization) else Location(self.part.file, 1)

    @property
    def suspended(self) -> bool:
        """Whether the part is a suspended Kustomization."""
        return isinstance(self.part, Kustomization) and self.part.suspended


Verdict = Skipped | tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of item: ``judge`` gets every subject whose part is one of ``parts``."""

    name: str
    judge: Callable[[Subject], Verdict]
    parts: tuple[type, ...] = (Kustomization, Overlay)


def build(subject: Subject) -> Verdict:
    """Return why the part doesn't render, or was not tried; nothing where it renders."""
    outcome = None if isinstance(subject.part, Cluster) else subject.part.outcome
    if isinstance(outcome, Failed):
        return outcome.findings or (Finding("build", Severity.ERROR, "can't be rendered", location=subject.location),)
    return outcome if isinstance(outcome, Skipped) else ()


CHECKS: tuple[Check, ...] = (Check("build", build),)


class ChecksFailedError(Exception):
    """The errors that a check found; its text is what the user reads."""

    def __init__(self, text: str, crash: tuple[str, int, str]) -> None:
        super().__init__(text)
        self.crash = crash


class CheckItem(pytest.Item):
    """One check of one part of the fleet."""

    def __init__(self, *, check: Check, subject: Subject, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check = check
        self.subject = subject
        self.add_marker(pytest.mark.gitops(**_marker(check, subject)))
        self.user_properties += _properties(check, subject)

    def __repr__(self) -> str:
        return f"<Check {self.name}>"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the part is declared (the line counted from 0, as pytest does), and a headline."""
        location = self.subject.location
        line = None if location.line is None else location.line - 1
        return self.config.stash[SESSION].path(location.file), line, f"{self.subject.title}: {self.check.name}"

    def runtest(self) -> None:
        """Judge, and raise what pytest makes a skip or a failure of."""
        verdict = self.check.judge(self.subject)
        if isinstance(verdict, Skipped):
            pytest.skip(verdict.reason)
        self.user_properties += [(FINDING, json.dumps(_plain(finding))) for finding in verdict]
        errors = [finding for finding in verdict if finding.severity is Severity.ERROR]
        if errors:
            raise self._failure(errors)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        """Return the failure's text as pytest's own kind of representation: only that survives pytest-xdist whole."""
        if not isinstance(excinfo.value, ChecksFailedError):
            return super().repr_failure(excinfo, *args, **kwargs)
        representation = excinfo.getrepr(style="value")
        if representation.reprcrash is not None:
            path, line, message = excinfo.value.crash
            representation.reprcrash = replace(representation.reprcrash, path=path, lineno=line, message=message)
        return representation

    def _failure(self, errors: list[Finding]) -> ChecksFailedError:
        """The summary line repeats the first error's place, except where ``--tb=line`` has just said it."""
        session = self.config.stash[SESSION]
        where = errors[0].location or self.subject.location
        message = errors[0].message.partition("\n")[0]
        if self.config.getoption("tbstyle") != "line":
            message = f"{session.where(where)}: {message}"
        text = "\n\n".join(describe(finding, session.where) for finding in errors)
        return ChecksFailedError(text, (session.where(Location(where.file)), where.line or 1, message))


def describe(finding: Finding, where: Callable[[Location], str]) -> str:
    """Return a finding as the user reads it: place and message, what led there, and the remedy."""
    place = f"{where(finding.location)}: " if finding.location else ""
    lines = [place + finding.message]
    if finding.resource:
        lines.append(f"  in {finding.resource}")
    lines += [f"  from {where(location)}" for location in reversed(finding.chain)]
    if finding.remedy:
        lines.append(f"  remedy: {finding.remedy}")
    return "\n".join(lines)


def _marker(check: Check, subject: Subject) -> dict[str, str]:
    """Return what ``-m "gitops(check='build')"`` and the like can ask for."""
    marker = {"check": check.name}
    if subject.cluster is not None:
        marker["cluster"] = subject.cluster.name
    if isinstance(subject.part, Kustomization):
        marker |= {"kustomization": subject.name, "namespace": subject.part.id.namespace, "name": subject.part.id.name}
    if isinstance(subject.part, Overlay):
        marker["overlay"] = subject.name
    return marker


def _properties(check: Check, subject: Subject) -> list[tuple[str, object]]:
    """Return what JUnit's XML and other reports say of every item."""
    marker = _marker(check, subject)
    location = subject.location
    properties: list[tuple[str, object]] = [
        (key, marker[key]) for key in ("cluster", "kustomization", "overlay") if key in marker
    ]
    properties += [("file", location.file), ("line", location.line or 1)]
    return properties + ([(SUSPENDED, True)] if subject.suspended else [])


def _plain(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "severity": finding.severity.value}
