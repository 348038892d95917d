"""Paths inside a source's tree, as Flux resolves them: POSIX, relative to the root, never above it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def clean(path: str) -> str:
    """Return a path in its shortest form; the root is the empty string.

    ``..`` at the root stays at the root and a leading slash means the root, as Flux's securejoin has it.
    """
    parts: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def join(directory: str, path: str) -> str:
    """Return a path that is relative to a directory of the tree, relative to the tree's root."""
    return clean(f"{directory}/{path}")


def directory_of(file: str) -> str:
    """Return the directory that holds a file; the root is the empty string."""
    return file.rpartition("/")[0]


def is_below(path: str, directory: str) -> bool:
    """Tell whether a path is a directory of the tree or lies below it."""
    return not directory or path == directory or path.startswith(f"{directory}/")


def ancestors(path: str) -> Iterator[str]:
    """Yield the directories above a path, the nearest first and the root (the empty string) last."""
    while path:
        path = directory_of(path)
        yield path


def is_directory(root: Path, path: str) -> bool:
    """Tell whether a path of the tree is a directory, without leaving the root through a symbolic link."""
    directory = os.path.join(root, path)
    if not os.path.isdir(directory):
        return False
    return os.path.join(os.path.realpath(directory), "").startswith(os.path.join(os.path.realpath(root), ""))
