"""What a check found: a rule, a place, a resource and a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pytest_gitops.model.resource import Location


class Severity(Enum):
    """How much a finding matters: an error fails its item, a warning is shown, an info is only reported."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: which rule, what, where, in which clusters, and what to do about it.

    ``chain`` are the places that led to ``location``, outermost first: from the cluster's entry file through
    each declaring file. ``resource`` is the text of a ResourceId, or None.
    """

    rule: str
    severity: Severity
    message: str
    location: Location | None = None
    resource: str | None = None
    clusters: tuple[str, ...] = ()
    remedy: str | None = None
    chain: tuple[Location, ...] = ()
