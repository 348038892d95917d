"""The test items: one for each check of each part of the fleet.

``build`` is the first check; the others look at what is built. What they say is in the session's results.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_gitops.checks.results import Item
from pytest_gitops.exceptions import GitopsWarning
from pytest_gitops.model import (
    Cluster,
    Failed,
    Finding,
    Fleet,
    Location,
    Outcome,
    Overlay,
    Part,
    Severity,
    Skipped,
)
from pytest_gitops.session import SESSION, GitopsSession
from pytest_gitops.settings import APPLY, RECONCILE, REVIEW

# What markers and properties call the kinds of parts.
KINDS = ("kustomization", "helmrelease", "resourceset")
FINDING = "gitops_finding"
CHECK = "check"
SUSPENDED = "gitops_suspended"
TIMELINE = "timeline"
TELLERS = pytest.StashKey[dict[Item, tuple[int, "CheckItem"]]]()


@dataclass(frozen=True, slots=True)
class Subject:
    """What one item is about: a whole cluster, a part of a cluster, or an overlay (``cluster`` is None)."""

    fleet: Fleet
    cluster: Cluster | None
    part: Cluster | Part | Overlay

    @property
    def name(self) -> str:
        """The part's name: a cluster's, a part's ``Part.name``, an overlay's path."""
        return (self.part.path or ".") if isinstance(self.part, Overlay) else self.part.name

    @property
    def title(self) -> str:
        """The part's name for a person: ``cluster``, ``cluster / namespace/name`` or ``overlay path``."""
        if isinstance(self.part, Part) and self.cluster is not None:
            return f"{self.cluster.name} / {self.name}"
        return f"overlay {self.name}" if isinstance(self.part, Overlay) else self.name

    @property
    def location(self) -> Location:
        """Where the part is declared."""
        return self.part.location if isinstance(self.part, Part) else Location(self.part.file, 1)

    @property
    def outcome(self) -> Outcome | None:
        """What became of the part's render; None for a cluster, which is many."""
        return None if isinstance(self.part, Cluster) else self.part.outcome

    def item(self, check: str) -> Item:
        """Return what the session's results know this subject's item by."""
        cluster = self.cluster.name if self.cluster else None
        return Item(check, cluster, None if isinstance(self.part, Cluster) else self.name)

    @property
    def suspended(self) -> bool:
        """Whether the part is suspended: the cluster keeps what it has of it."""
        return isinstance(self.part, Part) and self.part.suspended

    @property
    def resource(self) -> str | None:
        """What a finding about the part's own object calls it, None for what is no object."""
        return str(self.part.id) if isinstance(self.part, Part) else None


Verdict = Skipped | tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of item, and the kinds of part that have it."""

    name: str
    parts: tuple[type, ...] = (Part,)

    def concerns(self, subject: Subject) -> bool:
        """Return whether the subject has such an item: one whose part was not tried has ``build`` alone."""
        if not isinstance(subject.part, self.parts):
            return False
        return self.name in ("build", REVIEW) or not isinstance(subject.outcome, Skipped)


CHECKS: tuple[Check, ...] = (
    Check("build", (Part, Overlay)),
    Check("schema"),
    Check("references"),
    Check("policy", (Part, Overlay)),
    Check("graph", (Cluster,)),
    Check(REVIEW, (Part, Cluster)),
    Check(APPLY, (Part,)),
    Check(RECONCILE, (Part,)),
)


def verdict(check: Check, subject: Subject, session: GitopsSession) -> Verdict:
    """Return what a check says of a subject, or why it says nothing; a change is told of what doesn't render too."""
    if check.name == REVIEW:
        return session.results.of(subject.item(REVIEW))
    if isinstance(subject.outcome, Skipped):
        return subject.outcome
    if isinstance(subject.outcome, Failed) and check.name != "build":
        return Skipped("it does not build")
    untried = session.results.untried(subject.item(check.name))
    return Skipped(untried) if untried is not None else session.results.of(subject.item(check.name))


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
        self.add_marker(pytest.mark.gitops(**marker_of(check, subject)))
        self.user_properties += properties_of(check, subject)

    def __repr__(self) -> str:
        return f"<Check {self.name}>"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the part is declared (the line counted from 0, as pytest does), and a headline."""
        location = self.subject.location
        line = None if location.line is None else location.line - 1
        return self.config.stash[SESSION].path(location.file), line, f"{self.subject.title}: {self.check.name}"

    def runtest(self) -> None:
        """Judge, and raise what pytest makes a skip or a failure of."""
        session = self.config.stash[SESSION]
        found = verdict(self.check, self.subject, session)
        if self.check.name == RECONCILE:
            moments = session.results.timeline(self.subject.item(RECONCILE))
            self.user_properties += [(TIMELINE, str(moment).strip()) for moment in moments]
        if isinstance(found, Skipped):
            pytest.skip(found.reason)
        own = [finding for finding in found if self._teller(finding) is self]
        self.user_properties += [(FINDING, json.dumps(_plain(finding))) for finding in own]
        refused = [f for f in own if f.severity is Severity.WARNING and self._warn(f)]
        errors = [f for f in found if f.severity is Severity.ERROR or f in refused]
        if errors:
            raise self._failure(errors)

    def _teller(self, finding: Finding) -> CheckItem:
        """Return the item that tells a finding in full: the first of those that run and share it."""
        tellers = self.session.stash.setdefault(TELLERS, {})
        if not tellers:
            tellers.update(_tellers(self.session.items))
        items = self.config.stash[SESSION].results.items(finding)
        return min((tellers[item] for item in items if item in tellers), default=(0, self), key=lambda t: t[0])[1]

    def _warn(self, finding: Finding) -> bool:
        """Emit a warning at the place of its finding; return whether the user's filters make it an error."""
        location = finding.location or self.subject.location
        file = self.config.stash[SESSION].where(Location(location.file))
        try:
            warnings.warn_explicit(warning_of(finding), None, file, location.line or 1)
        except GitopsWarning:
            return True
        return False

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        """Return the failure's text as pytest's own kind of representation: only that survives pytest-xdist whole."""
        if not isinstance(excinfo.value, ChecksFailedError):
            return super().repr_failure(excinfo, *args, **kwargs)
        representation = excinfo.getrepr(style="value")
        crash = representation.reprcrash
        if crash is not None:
            crash.path, crash.lineno, crash.message = excinfo.value.crash
        return representation

    def _failure(self, errors: list[Finding]) -> ChecksFailedError:
        """The summary line repeats the first error's place, except where ``--tb=line`` has just said it."""
        session = self.config.stash[SESSION]
        where = errors[0].location or self.subject.location
        message = errors[0].message.partition("\n")[0]
        if self.config.getoption("tbstyle") != "line":
            message = f"{session.where(where)}: {message}"
        text = "\n\n".join(self._told(finding, session.where) for finding in errors)
        return ChecksFailedError(text, (session.where(Location(where.file)), where.line or 1, message))

    def _told(self, finding: Finding, where: Callable[[Location], str]) -> str:
        teller = self._teller(finding)
        if teller is self:
            return describe(finding, where, about=self.subject.resource)
        place = f"{where(finding.location)}: " if finding.location else ""
        return f"{place}{finding.message}\n  told in full by {teller.nodeid}"


def _tellers(items: Sequence[pytest.Item]) -> dict[Item, tuple[int, CheckItem]]:
    found = [(number, item) for number, item in enumerate(items) if isinstance(item, CheckItem)]
    return {item.subject.item(item.check.name): (number, item) for number, item in reversed(found)}


def warning_of(finding: Finding) -> GitopsWarning:
    """Return a finding as a warning: its message, its rule, the clusters, and the remedy."""
    clusters = f" (in {', '.join(finding.clusters)})" if len(finding.clusters) > 1 else ""
    remedy = f" {finding.remedy}" if finding.remedy else ""
    return GitopsWarning(f"{finding.rule}: {finding.message}{clusters}.{remedy}")


def describe(finding: Finding, where: Callable[[Location], str], about: str | None = None) -> str:
    """Return a finding as the user reads it: place and message, what led there, and the remedy.

    ``about`` is the resource that the headline names already.
    """
    place = f"{where(finding.location)}: " if finding.location else ""
    lines = [place + finding.message]
    if finding.resource and finding.resource != about:
        lines.append(f"  in {finding.resource}")
    if len(finding.clusters) > 1:
        lines.append(f"  in the clusters {', '.join(finding.clusters)}")
    lines += [f"  from {where(location)}" for location in reversed(finding.chain)]
    if finding.remedy:
        lines.append(f"  remedy: {finding.remedy}")
    if finding.rule != "build":
        lines.append(f"  rule: {finding.rule}")
    return "\n".join(lines)


def marker_of(check: Check, subject: Subject) -> dict[str, str]:
    """Return what ``-m "gitops(check='build')"`` and the like can ask for."""
    marker = {"check": check.name}
    if subject.cluster is not None:
        marker["cluster"] = subject.cluster.name
    if isinstance(subject.part, Part):
        id = subject.part.id
        marker |= {id.kind.lower(): f"{id.namespace}/{id.name}", "namespace": id.namespace, "name": id.name}
    if isinstance(subject.part, Overlay):
        marker["overlay"] = subject.name
    return marker


def properties_of(check: Check, subject: Subject) -> list[tuple[str, object]]:
    """Return what JUnit's XML and other reports say of every item."""
    marker = marker_of(check, subject)
    location = subject.location
    properties: list[tuple[str, object]] = [
        (key, marker[key]) for key in ("cluster", *KINDS, "overlay") if key in marker
    ]
    properties += [(CHECK, check.name), ("file", location.file), ("line", location.line or 1)]
    return properties + ([(SUSPENDED, True)] if subject.suspended else [])


def _plain(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "severity": finding.severity.value}
