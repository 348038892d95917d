"""Copies directories into one, as source-controller does for a source that includes others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from pytest_gitops.model import Location
from pytest_gitops.rendering import RenderError, TreeError

MAX_BYTES = 256 * 1024 * 1024


def copy_tree(source: Path, target: Path, hidden: Sequence[str] = ()) -> None:
    """Copy the regular files of a directory below another, less Git's own and those that are ``hidden``.

    Symbolic links are left out, as an artifact has none. Raises TreeError where there is too much, or it can't be
    read.
    """
    left_out = {name.rstrip("/") for name in hidden}
    room = MAX_BYTES
    try:
        for directory, folders, files in os.walk(source):
            here = Path(directory).relative_to(source)
            folders[:] = [name for name in folders if name != ".git" and (here / name).as_posix() not in left_out]
            (target / here).mkdir(parents=True, exist_ok=True)
            for name in files:
                path = Path(directory, name)
                if path.is_symlink() or not path.is_file() or (here / name).as_posix() in left_out:
                    continue
                room -= path.stat().st_size
                if room < 0:
                    raise TreeError(RenderError("limit", f"more than {MAX_BYTES} bytes to include", Location(name)))
                shutil.copyfile(path, target / here / name)
    except OSError as error:
        raise TreeError(RenderError("path", f"can't be included: {error.strerror or error}")) from None
