"""How pytest's walk meets the fleet: it reaches every entry file, and passes by folders that hold no test."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path

import pytest

FILE_COLLECTORS = frozenset({"python", "doctest", "gitops-session"})
DIRECTORY_COLLECTORS = frozenset({"main", "python"})
DEEPEST = 100


def add_entry_files(config: pytest.Config, files: Iterable[Path]) -> None:
    """Make pytest collect these files, as if ``testpaths`` named them; explicit arguments keep the user's focus.

    ``Config.args`` is not documented as one that a plugin may extend: this is the only place that does, and
    ``tests/pytest/test_collection.py`` guards it.
    """
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    walked = [config.invocation_params.dir / arg for arg in config.args]
    for file in map(_nameable, files):
        if not any(file.is_relative_to(path) for path in walked):
            config.args.append(str(file))
            walked.append(file)


def _nameable(path: Path) -> Path:
    """Return the path, or the nearest folder above it whose name pytest doesn't read as a parametrisation."""
    return next(p for p in (path, *path.parents) if "[" not in str(p))


class Walk:
    """Decides which paths of the repository pytest's walk ignores.

    Folders on the way to an entry file are entered even where ``norecursedirs`` skips them, for that file alone.
    Folders and files that hold no test are passed by, which spares pytest most of its walk; not, however, where
    another plugin collects files too, for it may want any of them.
    """

    def __init__(self, config: pytest.Config, root: Path, files: Iterable[Path]) -> None:
        self._config = config
        self._root = root
        self._files = frozenset(files)
        self._ways = frozenset(parent for file in self._files for parent in file.parents)
        self._opened: set[Path] = set()
        self._testless: dict[str, bool] = {}
        self._skipped_names: Sequence[str] = config.getini("norecursedirs")
        self._test_names: Sequence[str] = ("*.py", *(config.getoption("doctestglob", None) or ("test*.txt",)))

    def ignore(self, path: Path) -> bool | None:
        """Return True to ignore the path, False to enter it whatever others say, None to leave that to others."""
        if path in self._ways:
            return self._open(path)
        if path.parent in self._opened:
            return path not in self._files
        if path in self._files or not path.is_relative_to(self._root) or not self._alone():
            return None
        return True if self._is_testless(path) else None

    def _open(self, way: Path) -> bool | None:
        skipped = way.parent in self._opened or self._is_skipped(way.name)
        if not skipped or self._unwanted(way):
            return None
        self._opened.add(way)
        return False

    def _unwanted(self, way: Path) -> bool:
        """Return whether ``--ignore`` or ``--ignore-glob`` names the folder."""
        cwd = self._config.invocation_params.dir
        ignored = [os.path.normpath(cwd / path) for path in self._config.getoption("ignore") or ()]
        globs = [os.path.normpath(cwd / glob) for glob in self._config.getoption("ignore_glob") or ()]
        return str(way) in ignored or any(fnmatch(str(way), glob) for glob in globs)

    def _alone(self) -> bool:
        """Return whether only pytest and this plugin collect files; a conftest.py may change that at any folder."""
        hook = self._config.hook
        files = {implementation.plugin_name for implementation in hook.pytest_collect_file.get_hookimpls()}
        folders = {implementation.plugin_name for implementation in hook.pytest_collect_directory.get_hookimpls()}
        return files <= FILE_COLLECTORS and folders <= DIRECTORY_COLLECTORS

    def _is_testless(self, path: Path) -> bool:
        if not path.is_dir():
            return not self._is_test(path.name)
        return not self._is_skipped(path.name) and self._is_testless_folder(str(path), 0)

    def _is_testless_folder(self, folder: str, depth: int) -> bool:
        if folder not in self._testless:
            self._testless[folder] = depth > DEEPEST or self._scan(folder, depth)
        return self._testless[folder]

    def _scan(self, folder: str, depth: int) -> bool:
        try:
            with os.scandir(folder) as entries:
                return all(self._is_testless_entry(entry, depth) for entry in entries)
        except OSError:
            return False

    def _is_testless_entry(self, entry: os.DirEntry[str], depth: int) -> bool:
        if not entry.is_dir():
            return not self._is_test(entry.name)
        if entry.is_symlink():
            return False
        return self._is_skipped(entry.name) or self._is_testless_folder(entry.path, depth + 1)

    def _is_test(self, name: str) -> bool:
        return any(fnmatch(name, pattern) for pattern in self._test_names)

    def _is_skipped(self, name: str) -> bool:
        return any(fnmatch(name, pattern) for pattern in self._skipped_names)
