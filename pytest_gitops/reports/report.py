"""What a report holds, whatever its format."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_gitops.checks.rule import Rule
from pytest_gitops.model import Finding, LiveRun, Location

if TYPE_CHECKING:
    from pytest_gitops.review.model import Review


@dataclass(frozen=True, slots=True)
class Checked:
    """One item of the run: its node id, check and part of the fleet, and what became of it.

    ``outcome`` is ``passed``, ``failed`` or ``skipped``, ``reason`` why it was skipped. ``part`` is a
    Kustomization's ``namespace/name`` or an overlay's path, None for a cluster as a whole.
    """

    id: str
    check: str
    outcome: str
    location: Location
    cluster: str | None = None
    part: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A run: its items, its findings (each once), and the rules that findings name.

    ``prefix`` leads from the root of the version-controlled tree to the repository's: most formats want paths
    relative to the former. It is empty or ends with a slash. ``review`` is what a change does to every cluster, None
    where no change is reviewed. ``live`` are the live clusters that checks were made in.
    """

    version: str
    engine: str
    items: tuple[Checked, ...]
    findings: tuple[Finding, ...]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    prefix: str = ""
    review: Review | None = None
    live: tuple[LiveRun, ...] = ()

    def path(self, location: Location) -> str:
        """Return a location's file, relative to the root of the version-controlled tree."""
        return self.prefix + location.file


def fingerprint(finding: Finding) -> str:
    """Return what stays the same of a finding when lines above it come and go: a hash in hexadecimal."""
    file = finding.location.file if finding.location else ""
    parts = (finding.rule, file, finding.resource or "", finding.message)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def sentence(finding: Finding) -> str:
    """Return a finding's message, its clusters and its remedy as one text."""
    clusters = f" (clusters: {', '.join(finding.clusters)})" if finding.clusters else ""
    remedy = f"\n{finding.remedy}" if finding.remedy else ""
    return f"{finding.message}{clusters}{remedy}"
