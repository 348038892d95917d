"""Where the paths of options and ini values start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def called_from(config: pytest.Config) -> Path:
    """Return the directory that the command line's paths are relative to."""
    return config.invocation_params.dir


def beside_ini(config: pytest.Config) -> Path:
    """Return the directory that the ini file's paths are relative to."""
    return config.inipath.parent if config.inipath else called_from(config)


def joined(base: Path, value: str) -> Path:
    """Return the absolute path without ``..``, symbolic links kept: pytest compares paths as they are written."""
    return Path(os.path.normpath(base / value))
