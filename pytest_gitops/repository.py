"""What Git knows of a repository, learnt without running anything of the repository's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pytest_gitops.exceptions import RepositoryError
from pytest_gitops.urls import last_component, normalise

GIT_TIMEOUT = 20.0
# A repository's own configuration can name programs to run; these are the settings that the commands below honour.
SAFE_GIT = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*")


@dataclass(frozen=True, slots=True)
class Repository:
    """A directory that holds a GitOps repository, and what Git knows of it; all but ``root`` may be unknown.

    ``root`` is absolute: the directory that ``spec.path`` of a Flux Kustomization is relative to. ``toplevel``
    is the Git work tree that holds it, None outside Git. ``urls`` are the remotes', in ``normalise``'s form.
    ``hidden`` are paths below ``root`` that Git ignores and doesn't track (a directory ends in ``/``): no
    cluster ever sees them. ``submodules`` are directories below ``root``. ``known_as`` is the name of the repository
    that this directory holds another revision of: then Git knows nothing of the directory itself.
    """

    root: Path
    toplevel: Path | None = None
    urls: frozenset[str] = frozenset()
    branch: str | None = None
    default_branch: str | None = None
    hidden: tuple[str, ...] = ()
    submodules: tuple[str, ...] = ()
    known_as: str | None = None

    @property
    def name(self) -> str:
        """The repository's name as its remote has it, else its directory's."""
        if self.known_as is not None:
            return self.known_as
        names = sorted(last_component(url) for url in self.urls)
        return names[0] if names and self.root == self.toplevel else self.root.name or "repository"

    @property
    def branches(self) -> frozenset[str]:
        """The branches that the work tree can stand for: the one checked out, and the one it will be merged into."""
        known = {branch for branch in (self.branch, self.default_branch) if branch}
        return frozenset(known if self.default_branch else known | {"main", "master"})

    def at(self, root: Path) -> Repository:
        """Return the same repository seen from a directory above or below ``root``, inside the same work tree."""
        if self.known_as is not None:
            return replace(self, root=root)
        if root == self.root or self.toplevel is None:
            return Repository(root) if root != self.root else self
        return _describe(root, self.toplevel)


def find_repository(path: str | os.PathLike[str]) -> Repository:
    """Return the repository at a directory, with what Git knows of it.

    Raises RepositoryError where there is no such directory, or it can't be read.
    """
    given = Path(path).expanduser()
    try:
        root = given.resolve(strict=True)
        with os.scandir(root) as entries:
            next(entries, None)
    except FileNotFoundError:
        raise RepositoryError(f"{given}: there is no such directory; give the path of a GitOps repository") from None
    except NotADirectoryError:
        raise RepositoryError(f"{given}: this is a file; give the directory of the GitOps repository") from None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RepositoryError(f"{given}: can't be read ({reason}); check its permissions") from None
    toplevel = next((parent for parent in (root, *root.parents) if (parent / ".git").exists()), None)
    return Repository(root) if toplevel is None else _describe(root, toplevel)


def _describe(root: Path, toplevel: Path) -> Repository:
    """Ask Git all that is asked of it at once; what it can't or won't tell stays unknown."""
    answers = _git(
        root,
        {
            "urls": ("config", "-z", "--get-regexp", r"^remote\..*\.url$"),
            "branch": ("symbolic-ref", "--quiet", "--short", "HEAD"),
            "default": ("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"),
            "hidden": ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"),
            "submodules": ("config", "-z", "--file", str(toplevel / ".gitmodules"), "--get-regexp", r"\.path$"),
        },
    )
    below = [_relative(toplevel / value, root) for value in _values(answers["submodules"])]
    return Repository(
        root=root,
        toplevel=toplevel,
        urls=frozenset(normalise(value) for value in _values(answers["urls"]) if value),
        branch=answers["branch"].strip() or None,
        default_branch=answers["default"].strip().removeprefix("origin/") or None,
        # "./" means that all of root is ignored: a directory the user names is looked at all the same.
        hidden=tuple(sorted(name for name in answers["hidden"].split("\0") if name not in ("", "./"))),
        submodules=tuple(sorted(name for name in below if name)),
    )


def _git(cwd: Path, commands: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Run read-only Git commands at the same time; one that fails, hangs or can't start answers with nothing."""
    program = shutil.which("git")
    if program is None:
        return dict.fromkeys(commands, "")
    environment = git_environment()
    running: dict[str, subprocess.Popen[bytes]] = {}
    answers = dict.fromkeys(commands, "")
    try:
        for name, command in commands.items():
            running[name] = subprocess.Popen(
                (program, *SAFE_GIT, *command),
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        for name, process in running.items():
            output, _ = process.communicate(timeout=GIT_TIMEOUT)
            if process.returncode == 0:
                answers[name] = os.fsdecode(output)
    except (OSError, subprocess.TimeoutExpired):
        pass
    finally:
        for process in running.values():
            _end(process)
    return answers


def git_environment() -> dict[str, str]:
    """Return the environment to run Git in: it asks nobody, locks nothing and speaks English."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return environment | {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _values(listing: str) -> list[str]:
    """Return the values of ``git config -z``'s ``key\\nvalue\\0`` records."""
    return [record.partition("\n")[2] for record in listing.split("\0") if record]


def _relative(path: Path, root: Path) -> str:
    try:
        return str(PurePosixPath(path.relative_to(root)))
    except ValueError:
        return ""
