"""The forge that runs a review in its CI: how long its comments may be, and where it shows a file of a commit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from pytest_gitops.model import Location
from pytest_gitops.review.model import Action, Review

GITHUB_LIMIT = 65_536
GITLAB_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Forge:
    """A forge: ``limit`` is in characters; ``files`` is the URL below which it shows files, None where it isn't known.

    In ``files`` the commit and then the path follow; ``prefix`` leads from the root of the version-controlled tree to
    the repository's.
    """

    limit: int = GITHUB_LIMIT
    files: str | None = None
    prefix: str = ""

    def url(self, commit: str, location: Location) -> str | None:
        """Return where a place of a commit is shown, None where that isn't known."""
        if self.files is None:
            return None
        line = f"#L{location.line}" if location.line else ""
        return f"{self.files}/{quote(commit, safe='')}/{quote(self.prefix + location.file)}{line}"


def forge_here(prefix: str = "", environ: Mapping[str, str] = os.environ) -> Forge:
    """Return the forge whose CI this runs in, by the variables it sets (GitHub Actions, GitLab CI)."""
    if environ.get("GITLAB_CI") == "true":
        project = environ.get("CI_PROJECT_URL")
        return Forge(GITLAB_LIMIT, f"{project}/-/blob" if project else None, prefix)
    if environ.get("GITHUB_ACTIONS") == "true":
        server, name = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
        return Forge(GITHUB_LIMIT, f"{server}/{name}/blob" if server and name else None, prefix)
    return Forge()


class Links:
    """The URLs of a review's places: at head, or at base for what is only there; none for what isn't committed."""

    def __init__(self, review: Review, forge: Forge) -> None:
        self._forge = forge
        self._review = review
        self._deleted = {file.file for file in review.files if file.status.startswith("D")}
        self._removed = {
            change.location
            for cluster in review.clusters
            for change in cluster.objects
            if change.action is Action.REMOVED
        }

    def url(self, location: Location) -> str | None:
        """Return a place's URL, None where there is none to be had."""
        if location.file in self._deleted or location in self._removed:
            return self._forge.url(self._review.base.commit, location)
        head = self._review.head
        return None if head.dirty else self._forge.url(head.commit, location)
