"""Finds the bundled engine's program, starts it, and makes sure that it is one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering.limits import MEMORY
from pytest_gitops.rendering.process import LineProcess, ProcessEndedError
from pytest_gitops.rendering.protocol import RendererUnavailableError

PROTOCOL = 1
OVERRIDE = "PYTEST_GITOPS_ENGINE"
_START = 10.0
_MAX_LINE = 256 << 20
# What the engine says itself once it runs, said before its packages are set up: that takes memory too.
_COLLECTOR = {"GOGC": "400"}
_ENVIRONMENT = ("GOGC", "GOMAXPROCS", "GOMEMLIMIT", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
# The mode in which the engine fetches, and does nothing else.
_FETCHES = "--fetch"
_REINSTALL = "reinstall pytest-gitops, or use --gitops-engine=external with flux, kustomize or kubectl on PATH"


def engine_path() -> Path:
    """Return where the engine's binary is expected: what PYTEST_GITOPS_ENGINE says, or beside this package."""
    if override := os.environ.get(OVERRIDE):
        return Path(override)
    name = "gitops-engine.exe" if sys.platform == "win32" else "gitops-engine"
    return Path(__file__).resolve().parent.parent / "bin" / name


def start_engine(path: Path, *, network: bool) -> tuple[LineProcess, JsonObject]:
    """Start the engine and return it with its first line; raises RendererUnavailableError.

    What renders gets no more of the environment than it needs, so that nothing of it gets into what is rendered. What
    fetches from the ``network`` gets all of it: it asks the user's own Git, SSH agent and Docker configuration.
    """
    if network:
        command, environment = [str(path), _FETCHES], _COLLECTOR | dict(os.environ)
    else:
        kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        command, environment = [str(path)], _COLLECTOR | kept
    try:
        process = LineProcess(command, environment, max_line=_MAX_LINE, max_memory=MEMORY)
    except FileNotFoundError:
        raise RendererUnavailableError(f"there is no engine at {path}: {_REINSTALL}") from None
    except OSError as error:
        raise RendererUnavailableError(f"the engine {path} can't be run ({error.strerror}): {_REINSTALL}") from None
    try:
        return process, _check_hello(process, path)
    except ProcessEndedError as ended:
        raise RendererUnavailableError(f"the engine {path} {ended}\n{_REINSTALL}") from None


def _check_hello(process: LineProcess, path: Path) -> JsonObject:
    line = process.receive(_START)[0]
    try:
        hello: Any = json.loads(line)
        protocol = hello["protocol"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise process.fail("doesn't begin as an engine does: is it another program?") from None
    if protocol != PROTOCOL:
        process.end()
        raise RendererUnavailableError(
            f"the engine {path} speaks protocol {protocol}, this pytest-gitops speaks {PROTOCOL}: "
            f"install both from the same release{f' or unset {OVERRIDE}' if OVERRIDE in os.environ else ''}"
        )
    return dict(hello)
