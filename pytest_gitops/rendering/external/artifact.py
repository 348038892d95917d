"""Lists and copies what source-controller would put into an artifact of a directory."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from pytest_gitops.rendering.protocol import Tree

MAX_FILE = 16 << 20
_VCS = (".git/", ".gitignore", ".gitmodules", ".gitattributes")
_DEFAULT = (
    *("*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"),
    *(".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml"),
    *("codeship-services.yml", "codeship-steps.yml", "**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml"),
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line of a .sourceignore file in ``domain``, which ends in a slash unless it is the root."""

    domain: str
    pattern: GitIgnoreSpecPattern

    def verdict(self, path: str) -> bool | None:
        """Return whether the path is ignored, None where this line says nothing of it."""
        if not path.startswith(self.domain) or self.pattern.match_file(path[len(self.domain) :]) is None:
            return None
        return self.pattern.include


def files_of(tree: Tree) -> tuple[str, ...]:
    """Return the regular files of a tree's artifact, sorted, relative to its root.

    As source-controller 1.9 does it: no symbolic links, less what .sourceignore files and ``spec.ignore`` match;
    a default list applies where there is neither. Where a ``**`` fits in several places, source-controller tries
    only the first one, and this all of them. Raises OSError where the directory can't be listed.
    """
    hidden = {posixpath.normpath("/" + path.lstrip("/"))[1:] for path in tree.hidden}
    files: list[str] = []
    rules: list[_Rule] = []
    for path in _walk(tree.root, "", hidden):
        files.append(path)
        if posixpath.basename(path) == ".sourceignore":
            rules += _rules(posixpath.dirname(path), read(tree.root, path).decode(errors="replace"))
    rules.sort(key=lambda rule: rule.domain)
    rules += _rules("", tree.ignore or "")
    defaults = _VCS if rules else (*_VCS, *_DEFAULT)
    rules[:0] = _rules("", "\n".join(defaults))
    return tuple(sorted(path for path in files if not _ignored(path, rules)))


def read(root: Path, path: str) -> bytes:
    """Return a file's contents; empty where it is too large or is no regular file of the tree (any more)."""
    try:
        descriptor = os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE:
            return b""
        return file.read()


def copy(root: Path, files: tuple[str, ...], target: Path) -> None:
    """Copy files of a tree to an empty directory."""
    target.mkdir(parents=True)
    for path in files:
        copied = target / path
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(read(root, path))


def _walk(root: Path, directory: str, hidden: set[str]) -> Iterator[str]:
    with os.scandir(root / directory) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = posixpath.join(directory, entry.name)
            if path in hidden or path.endswith("/.git") or path == ".git":
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(root, path, hidden)
            elif entry.is_file(follow_symlinks=False):
                yield path


def _rules(domain: str, text: str) -> list[_Rule]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    patterns = [GitIgnoreSpecPattern(line) for line in lines]
    return [_Rule(f"{domain}/" if domain else "", p) for p in patterns if p.include is not None]


def _ignored(path: str, rules: list[_Rule]) -> bool:
    for rule in reversed(rules):
        verdict = rule.verdict(path)
        if verdict is not None:
            return verdict
    return False
