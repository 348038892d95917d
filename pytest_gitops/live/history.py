"""A Git repository of the harness' own: commits of the user's working tree, and of what a test makes of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pytest_gitops.exceptions import LiveError

_IDENTITY = {
    "GIT_AUTHOR_NAME": "pytest-gitops",
    "GIT_AUTHOR_EMAIL": "pytest-gitops@localhost",
    "GIT_COMMITTER_NAME": "pytest-gitops",
    "GIT_COMMITTER_EMAIL": "pytest-gitops@localhost",
}
# Of the user's own configuration nothing may run: no filters, hooks, signing or file monitor.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "commit.gpgSign=false",
    "gc.auto=0",
    "uploadpack.allowAnySHA1InWant=true",
)
SECONDS = 60


class History:
    """A bare repository in ``directory`` whose branches hold snapshots of ``worktree``.

    The working tree is only read; changes that a test makes are in the commits alone. Raises LiveError where Git fails.
    """

    def __init__(self, directory: Path, worktree: Path) -> None:
        self.directory = directory
        self._worktree = worktree
        self._git("init", "--quiet", "--bare", str(directory))
        self._index = directory / "snapshot-index"
        self._tree = self._snapshot()

    def commit(self, branch: str, message: str = "snapshot") -> str:
        """Commit the current tree to a branch and return the commit's id."""
        parent = self.tip(branch)
        arguments = ["commit-tree", self._tree, "-m", message, *(("-p", parent) if parent else ())]
        commit = self._git(*arguments, variables=_IDENTITY)
        self._git("update-ref", f"refs/heads/{branch}", commit)
        return commit

    def write(self, files: Mapping[str, str | None]) -> None:
        """Change files of the next commits: a text is written, None removes the file.

        Paths are relative to the repository's root; one that isn't there to be removed is an error.
        """
        for path, text in files.items():
            if text is None:
                self.read(path)  # which fails where there is none
                gone = f"0 {'0' * 40}\t{path}\n"
                self._git("update-index", "--index-info", given=gone, variables=self._with_index())
            else:
                blob = self._git("hash-object", "-w", "--stdin", given=text)
                self._git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", variables=self._with_index())
        self._tree = self._git("write-tree", variables=self._with_index())

    def read(self, path: str) -> str:
        """Return a file's text as the next commit would hold it; raises FileNotFoundError."""
        try:
            return self._git("cat-file", "blob", f"{self._tree}:{path}", strip=False)
        except LiveError:
            raise FileNotFoundError(path) from None

    def reset(self) -> None:
        """Take the working tree as it is now, without what tests have changed."""
        self._tree = self._snapshot()

    def _snapshot(self) -> str:
        """Write the working tree as a tree, untracked files too, ignored ones not."""
        self._index.unlink(missing_ok=True)
        # An index of its own, so that the user's stays as it is; the objects are written here.
        self._git(
            "--work-tree", str(self._worktree), "add", "--all", ".", variables=self._with_index(), at=self._worktree
        )
        return self._git("write-tree", variables=self._with_index())

    def _with_index(self) -> dict[str, str]:
        return {"GIT_INDEX_FILE": str(self._index)}

    def tip(self, branch: str) -> str:
        """Return the id of a branch's last commit, empty where there is no such branch."""
        return self._git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")

    def _git(
        self,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        given: str | None = None,
        at: Path | None = None,
        strip: bool = True,
    ) -> str:
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        own = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
        where = () if arguments[0] == "init" else ("--git-dir", str(self.directory))
        try:
            done = subprocess.run(
                ["git", *settings, *where, *arguments],  # noqa: S607 (the user's own git)
                cwd=at or self.directory.parent,
                env={**inherited, **own, **(variables or {})},
                input=given,
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LiveError(f"git could not be run: {error}") from None
        if done.returncode:
            raise LiveError(f"git {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout.strip() if strip else done.stdout
