"""The repository that a live cluster follows, and those beside it, served over Git in place of the remotes."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pytest_gitops.live.entry import local_sources
from pytest_gitops.live.git_server import GitServer
from pytest_gitops.live.history import History
from pytest_gitops.live.rewriting import Stand
from pytest_gitops.model import Cluster, ResourceId, Source

BRANCH = "main"


class Repositories:
    """Serves ``root`` and each directory that stands for another source of a cluster, until it is closed.

    ``home`` is where the bare repositories are made, ``host`` the address to listen on.
    """

    def __init__(self, cluster: Cluster, root: Path, home: Path, host: str) -> None:
        self._sources = local_sources(cluster)
        self._root = root.resolve()
        self.own = History(home / "repository.git", root)
        self._histories = {self._root: self.own, **self._beside(home)}
        served = {_name(history): history.directory for history in self._histories.values()}
        self._server = GitServer(served, host)

    @cached_property
    def stands(self) -> dict[ResourceId, Stand]:
        """What stands for each source whose artifact is here."""
        return {
            source.id: Stand(f"{self._server.url}/{_name(self._histories[directory])}", BRANCH)
            for source, directory in self._sources
        }

    @cached_property
    def own_sources(self) -> list[Source]:
        """The sources that read the repository itself."""
        return [source for source, directory in self._sources if directory == self._root]

    def close(self) -> None:
        """Stop serving; may be called twice."""
        self._server.close()

    def _beside(self, home: Path) -> dict[Path, History]:
        """Return a history of one commit for each directory that stands for a source of its own."""
        directories = dict.fromkeys(directory for _source, directory in self._sources)
        directories.pop(self._root, None)
        found = {each: History(home / f"beside-{number}.git", each) for number, each in enumerate(directories)}
        for history in found.values():
            history.commit(BRANCH, "the source's files")
        return found


def _name(history: History) -> str:
    """Return what a history is served as."""
    return history.directory.name.removesuffix(".git")
