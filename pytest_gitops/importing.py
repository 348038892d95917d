"""Imports this package's modules as Python does, where pytest would rewrite each for its assertions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

import pytest

_OWN = f"{__package__}."


class _AsWritten:
    """Finds the modules of this package before pytest does.

    pytest rewrites the assertions of all modules of a plugin's distribution. These have none to explain; and where
    the result can't be kept (PYTHONDONTWRITEBYTECODE, an installation that can't be written), they would be compiled
    anew in each run, which takes as long as rendering a repository.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, path, target) if name.startswith(_OWN) else None


def as_written(config: pytest.Config) -> None:
    """Import this package's modules as they are until ``config`` is cleaned up."""
    finder = _AsWritten()
    sys.meta_path.insert(0, finder)
    config.add_cleanup(lambda: sys.meta_path.remove(finder))
