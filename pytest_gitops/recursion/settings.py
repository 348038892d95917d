"""What a cluster's recursion is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_gitops.decryption import NO_KEYS, Keys
from pytest_gitops.model import JsonObject
from pytest_gitops.recursion.places import Places
from pytest_gitops.recursion.shared import Shared
from pytest_gitops.recursion.trees import Trees
from pytest_gitops.rendering import Request


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """What is known of a cluster before it is rendered.

    ``strict`` is what the user says, or None; ``assumed_strict`` what its Flux version implies. ``keys`` decrypt what
    SOPS encrypted for it. ``inputs`` are what the ResourceSetInputProviders of a ``namespace/name`` export, where the
    user says so.
    """

    name: str
    flux_version: str | None = None
    strict: bool | None = None
    assumed_strict: bool = True
    values: Mapping[str, str] = field(default_factory=dict)
    keys: Keys = NO_KEYS
    inputs: Mapping[str, Sequence[JsonObject]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all clusters of a repository share: views of directories, places in files, work done once, and where
    requests go.

    ``kubernetes`` is the version of a cluster that the configuration says nothing of (empty: the newest known),
    ``strict_sources`` makes a source that can't be had a failure.
    """

    trees: Trees
    places: Places
    shared: Shared
    submit: Callable[[Request], None]
    kubernetes: str = ""
    strict_sources: bool = False
