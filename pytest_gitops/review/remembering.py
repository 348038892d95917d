"""Remembers what the base of a change renders to: it stays the same commit for many runs.

What is remembered holds for the same tree, the same programs and the same answers of servers; nothing that was
decrypted is ever kept. A file of it is data: reading one makes values of the model, and can do nothing else.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_gitops.configuration import Configuration, read_configuration
from pytest_gitops.decryption import find_keys
from pytest_gitops.exceptions import ConfigurationError
from pytest_gitops.model import Fleet
from pytest_gitops.rendering.binary import engine_path
from pytest_gitops.rendering.protocol import Fetched, RenderError
from pytest_gitops.rendering.standby import Standby
from pytest_gitops.repository import Repository
from pytest_gitops.review.revisions import Range

FOLDER = "bases"
_MOST = 4
_LARGEST = 256 << 20
_MODEL = ("pytest_gitops.model.", "pytest_gitops.rendering.protocol")
_PATHS = {("pathlib", "PosixPath"), ("pathlib", "WindowsPath"), ("pathlib", "Path"), ("pathlib._local", "PosixPath")}


@dataclass(frozen=True, slots=True)
class Memory:
    """Where bases are remembered: a folder of the cache; ``standby`` knows what servers answered in this run.

    ``context`` is all of the run's settings that shape what is rendered, as JSON can hold it.
    """

    cache: Path
    standby: Standby
    context: Mapping[str, Any]

    def recall(self, change: Range, repository: Repository, head: Fleet) -> Fleet | None:
        """Return the base as an earlier run rendered it, None where that isn't known or can't be relied on."""
        file = self._file(change, repository, head)
        try:
            if file is None or file.stat().st_size > _LARGEST:
                return None
            fleet, answers = _Reader(io.BytesIO(file.read_bytes())).load()
            os.utime(file)
        except (OSError, ValueError, TypeError, LookupError, AttributeError, EOFError, pickle.UnpicklingError):
            return None
        return fleet if isinstance(fleet, Fleet) and self._holds(answers) else None

    def _holds(self, answers: Mapping[bytes, object]) -> bool:
        """Tell whether servers answer as they did.

        What head asks as well was asked in this run. Of what base alone asks, such as the version of a chart before
        this one, what was brought is still there; what could not be had is taken for gone as long as all else is that
        head can't have either.
        """
        known = self.standby.fetched
        if any(_plain(known[key]) != answer for key, answer in answers.items() if key in known):
            return False
        others = [answer for key, answer in answers.items() if key not in known]
        down = any(not isinstance(answer, Fetched) for key, answer in answers.items() if key in known)
        return all(_is_there(answer) if isinstance(answer, Fetched) else down for answer in others)

    def keep(self, change: Range, repository: Repository, head: Fleet, base: Fleet) -> None:
        """Remember a base that was just rendered, with the answers of servers that went into it."""
        file = self._file(change, repository, head)
        if file is None or not self.standby.asked <= self.standby.fetched.keys():
            return
        answers = {key: _plain(self.standby.fetched[key]) for key in self.standby.asked}
        temporary = file.with_name(f"{file.name}.{os.getpid()}.tmp")
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.touch(mode=0o600)
            temporary.write_bytes(pickle.dumps((base, answers), protocol=pickle.HIGHEST_PROTOCOL))
            temporary.replace(file)
            for old in sorted(file.parent.iterdir(), key=lambda path: path.stat().st_mtime)[:-_MOST]:
                old.unlink(missing_ok=True)
        except (OSError, pickle.PicklingError):
            temporary.unlink(missing_ok=True)

    def _file(self, change: Range, repository: Repository, head: Fleet) -> Path | None:
        """Return the file that would hold the base, None where it can't be told what shapes it."""
        try:
            configuration = read_configuration(change.root)
            keys = find_keys([Path(file) for file in self.context["age_keys"]], configuration.sops_age)
        except ConfigurationError:
            return None
        if (keys and self.context["decrypt"]) or configuration.sources or self.context["sources"]:
            return None
        if not head.engine.startswith("engine ") or change.tree is None:
            return None
        shape = [
            change.tree,
            sorted(change.absent),
            [(cluster.name, cluster.entry) for cluster in head.clusters],
            [repository.known_as, sorted(repository.urls), repository.branch, repository.default_branch],
            _configured(configuration),
            dict(self.context),
            list(_programs()),
        ]
        name = hashlib.sha256(json.dumps(shape, sort_keys=True, default=str).encode()).hexdigest()
        return self.cache / FOLDER / f"{name}.pickle"


def _configured(configuration: Configuration) -> object:
    clusters = sorted((name, repr(cluster)) for name, cluster in configuration.clusters.items())
    return clusters, configuration.ignore, str(configuration.snapshots.folder), configuration.file


def _programs() -> Iterator[tuple[str, int, int]]:
    """Yield name, size and time of change of the engine, and of the modules that load a fleet."""
    engine = engine_path()
    found = engine.stat() if engine.exists() else None
    yield str(engine), found.st_size if found else 0, found.st_mtime_ns if found else 0
    home = Path(__file__).resolve().parent.parent
    for folder in (home, *(home / name for name in ("discovery", "model", "recursion", "rendering"))):
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith(".py"):
                    about = entry.stat()
                    yield f"{folder.name}/{entry.name}", about.st_size, about.st_mtime_ns


def _is_there(fetched: Fetched) -> bool:
    return all(path is None or path.exists() for path in (fetched.directory, fetched.archive))


def _plain(outcome: object) -> object:
    """Return what tells a server's answer: not whether it came from the cache, nor in which words it was refused."""
    if isinstance(outcome, RenderError):
        return outcome.code, outcome.url
    return replace(outcome, cached=False) if isinstance(outcome, Fetched) else outcome


class _Reader(pickle.Unpickler):
    """Reads values of the model; anything else that a file names is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class of the model. Raises UnpicklingError for all others."""
        ours = module.startswith(_MODEL) and "." not in name
        if ours or (module, name) in _PATHS:
            found = super().find_class(module, name)
            if isinstance(found, type):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no value of the model")
