"""Git's object store, read without running anything of the repository's own, and without touching its work tree."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pytest_gitops.repository import SAFE_GIT, git_environment

TIMEOUT = 120.0
# What a clone lacks of its objects is not fetched: a review may not use the network.
_OFFLINE = ("-c", "protocol.allow=never", "--no-replace-objects")
_NO_ENVIRONMENT: Mapping[str, str] = {}
FILE, EXECUTABLE, SYMLINK, SUBMODULE = "100644", "100755", "120000", "160000"


class GitError(Exception):
    """Git refuses, fails or hangs; the message is what it says, in one line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree: its path, Git's mode and object id, and its size in bytes (0 where it has no content)."""

    path: str
    mode: str
    oid: str
    size: int = 0


class Store:
    """The object store of the repository around a directory; every method raises GitError."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        program = shutil.which("git")
        if program is None:
            raise GitError("there is no git on PATH")
        self._program = program

    def run(
        self,
        *command: str,
        given: bytes = b"",
        fails: Sequence[int] = (),
        environment: Mapping[str, str] = _NO_ENVIRONMENT,
    ) -> bytes:
        """Return what a Git command writes, nothing where it ends with one of the statuses ``fails``."""
        try:
            done = subprocess.run(
                (self._program, *SAFE_GIT, *_OFFLINE, *command),
                cwd=self._directory,
                env=git_environment() | {"GIT_NO_LAZY_FETCH": "1"} | dict(environment),
                input=given,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GitError(f"git {command[0]}: {error}") from None
        if done.returncode in fails:
            return b""
        if done.returncode != 0:
            raise GitError(_said(done.stderr) or f"git {command[0]} ended with {done.returncode}")
        return done.stdout

    def commits(self, *names: str) -> list[str | None]:
        """Return the ids of the commits that these names mean, None for each that means none.

        The names go in by the standard input, where none of them can be an option.
        """
        lines = "".join(f"{name}^{{commit}}\n" for name in names).encode(errors="surrogateescape")
        answers = self.run("cat-file", "--batch-check=%(objectname) %(objecttype)", given=lines).splitlines()
        fields = [answer.decode(errors="replace").rpartition(" ") for answer in answers]
        return [oid if kind == "commit" else None for oid, _, kind in fields]

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits, None where they have none."""
        return self.run("merge-base", one, other, fails=(1,)).decode().strip() or None

    def is_shallow(self) -> bool:
        """Return whether the clone's history is cut off."""
        return self.run("rev-parse", "--is-shallow-repository").strip() == b"true"

    def references(self) -> list[str]:
        """Return the short names of branches and tags, remote ones too."""
        listing = self.run("for-each-ref", "--count=2000", "--format=%(refname:short)")
        return listing.decode(errors="replace").split()

    def tree(self, commit: str, directory: str = "") -> str | None:
        """Return the id of a commit's tree, or of that of one of its directories; None where it has none."""
        name = f"{commit}:{directory}" if directory else f"{commit}^{{tree}}"
        answer = self.run("cat-file", "--batch-check=%(objectname) %(objecttype)", given=_line(name))
        oid, _, kind = answer.decode(errors="replace").strip().rpartition(" ")
        return oid if kind == "tree" else None

    def entries(self, tree: str) -> Iterator[Entry]:
        """Yield all files of a tree, with symbolic links and submodules."""
        for record in self.run("ls-tree", "-r", "-z", "--long", "--full-tree", tree).split(b"\0"):
            if record:
                about, _, path = record.partition(b"\t")
                mode, _kind, oid, size = about.decode("ascii").split()
                name = path.decode("utf-8", errors="surrogateescape")
                # A submodule has no size (`-`), nor has what a broken clone lacks (`BAD`), which its content will tell.
                yield Entry(name, mode, oid, int(size) if size.isdigit() else 0)

    def contents(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Yield the contents of files, in their order; GitError where the clone lacks one."""
        wanted = list(entries)
        with tempfile.TemporaryFile() as requests, tempfile.TemporaryFile() as errors:
            requests.write("".join(f"{entry.oid}\n" for entry in wanted).encode())
            requests.seek(0)
            process = subprocess.Popen(
                (self._program, *SAFE_GIT, *_OFFLINE, "cat-file", "--batch", "--buffer"),
                cwd=self._directory,
                env=git_environment() | {"GIT_NO_LAZY_FETCH": "1"},
                stdin=requests,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
            watchdog = threading.Timer(TIMEOUT, process.kill)
            watchdog.start()
            try:
                assert process.stdout is not None  # noqa: S101 - a pipe was asked for
                for entry in wanted:
                    yield entry, _content(process.stdout, entry)
            finally:
                watchdog.cancel()
                process.kill()
                process.wait()
                if process.stdout is not None:
                    process.stdout.close()

    def changed(self, commit: str) -> Iterator[tuple[str, str]]:
        """Yield status (``A``, ``M`` or ``D``) and path of what differs between a commit and the work tree.

        The paths are relative to the store's directory, and only those below it are told. A file whose time of change
        alone differs is looked into: its content is compared as it is, by no filter of the repository's.
        """
        options = ("--no-renames", "--relative", "--no-ext-diff", "--ignore-submodules=dirty")
        listing = self.run("diff-index", "--raw", "-z", *options, commit, environment=self._without_filters())
        others = self.run("ls-files", "--others", "--exclude-standard", "-z")
        found: dict[str, str] = {}
        fields = listing.decode("utf-8", errors="surrogateescape").split("\0")
        for about, path in zip(fields[::2], fields[1::2], strict=False):
            old, mode, oid, new, status = about.removeprefix(":").split()
            if status == "M" and old == mode and not new.strip("0") and self._same(path, oid):
                continue
            found[path] = status if status in "AD" else "M"
        for path in others.decode("utf-8", errors="surrogateescape").split("\0"):
            if path:
                found[path] = "M" if found.get(path) == "D" else "A"
        yield from ((status, path) for path, status in sorted(found.items()))

    def left_out(self) -> frozenset[str]:
        """Return the paths of the index that a sparse checkout leaves out of the work tree, relative to its top."""
        if self.run("config", "--type=bool", "core.sparseCheckout", fails=(1,)).strip() != b"true":
            return frozenset()
        listing = self.run("ls-files", "-t", "-z", "--full-name").decode("utf-8", errors="surrogateescape")
        return frozenset(entry[2:] for entry in listing.split("\0") if entry.startswith("S "))

    def _without_filters(self) -> dict[str, str]:
        """Return the environment in which Git knows of no filter: to compare a file just written, it would run one."""
        pattern = r"^filter\..*\.(clean|smudge|process|required)$"
        listing = self.run("config", "--name-only", "-z", "--get-regexp", pattern, fails=(1,))
        names = sorted({name for name in listing.decode(errors="surrogateescape").split("\0") if name})
        settings = {"GIT_CONFIG_COUNT": str(len(names))}
        for number, name in enumerate(names):
            settings[f"GIT_CONFIG_KEY_{number}"] = name
            settings[f"GIT_CONFIG_VALUE_{number}"] = "false" if name.endswith(".required") else ""
        return settings if names else {}

    def _same(self, path: str, oid: str) -> bool:
        file = self._directory / path
        try:
            if file.is_symlink() or not file.is_file():
                return False
            data = file.read_bytes()
        except OSError:
            return False
        method = hashlib.sha1 if len(oid) == 40 else hashlib.sha256  # noqa: PLR2004 - the lengths of Git's two kinds of id
        return method(b"blob %d\0" % len(data) + data).hexdigest() == oid


def _said(errors: bytes) -> str:
    """Return the line in which Git says why it ends: others are warnings."""
    lines = errors.decode(errors="replace").strip().splitlines()
    fatal = [line.removeprefix("fatal: ") for line in lines if line.startswith("fatal: ")]
    return next(iter(fatal or lines), "")


def _line(name: str) -> bytes:
    return f"{name}\n".encode(errors="surrogateescape")


def _content(stream: IO[bytes], entry: Entry) -> bytes:
    header = stream.readline().split()
    if len(header) != 3 or header[1] != b"blob":  # noqa: PLR2004 - id, type, size
        raise GitError(f"the object {entry.oid[:12]} of {entry.path} is not in this clone")
    size = int(header[2])
    data = stream.read(size + 1)
    if len(data) != size + 1:
        raise GitError(f"git ended in the middle of {entry.path}")
    return data[:-1]
