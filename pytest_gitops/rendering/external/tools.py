"""The programs that can stand in for the engine, what each is called with, and what each can't do."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pytest_gitops.rendering.protocol import RendererUnavailableError

_COMMON_LOSSES = ("which file and patch an object comes from", "the values that substitution used")
_NO_FLUX = (
    "post-build substitution (${VARIABLES} stay as they are), and so strict mode",
    "merging patches, images, components and targetNamespace into the kustomization itself: they are laid over it",
)
_PROBE_TIMEOUT = 10


@dataclass(frozen=True, slots=True)
class Tool:
    """A program found on PATH; ``losses`` are what the cluster does and it doesn't."""

    name: str
    path: Path
    version: str
    losses: tuple[str, ...]
    in_memory: bool = True

    @property
    def is_flux(self) -> bool:
        """Whether it takes a Flux Kustomization as it is."""
        return self.name == "flux"

    def build(self, directory: Path) -> list[str]:
        """Return the command that renders a kustomize directory."""
        subcommand = ["build"] if self.name == "kustomize" else ["kustomize"]
        return [str(self.path), *subcommand, str(directory), "--load-restrictor=LoadRestrictionsNone"]

    def build_kustomization(self, directory: Path, file: Path, name: str, namespace: str, *, strict: bool) -> list[str]:
        """Return flux's command for the Kustomization in ``file``."""
        return [
            *(str(self.path), "build", "kustomization", name, "--namespace", namespace, "--dry-run"),
            *("--path", str(directory), "--kustomization-file", str(file)),
            *(["--strict-substitute"] if strict else []),
            *(["--in-memory-build"] if self.in_memory else []),
        ]


def find_tools() -> tuple[Tool, Tool]:
    """Return the tools for Flux Kustomizations and for kustomize directories, often one and the same.

    Raises RendererUnavailableError where PATH has none of them.
    """
    flux, kustomize, kubectl = _flux(), _kustomize(), None
    if kustomize is None:
        kubectl = _kubectl()
    plain = kustomize or kubectl or flux
    if plain is None:
        raise RendererUnavailableError(
            "there is none of flux, kustomize and kubectl on PATH: install one of them (flux 2.9 loses least), "
            "or reinstall pytest-gitops with its engine"
        )
    return flux or plain, plain


def _flux() -> Tool | None:
    path = _which("flux")
    if path is None:
        return None
    help_text = _ask(path, "build", "kustomization", "--help")
    losses = [*_COMMON_LOSSES, "the values of encrypted Secrets (they are masked)"]
    if "--strict-substitute" not in help_text:
        losses.append("strict mode of substitution")
    version = _ask(path, "--version").removeprefix("flux version").strip()
    return Tool("flux", path, version, tuple(losses), in_memory="--in-memory-build" in help_text)


def _kustomize() -> Tool | None:
    path = _which("kustomize")
    if path is None:
        return None
    return Tool("kustomize", path, _ask(path, "version").strip(), (*_NO_FLUX, *_COMMON_LOSSES[1:]))


def _kubectl() -> Tool | None:
    path = _which("kubectl")
    if path is None:
        return None
    lines = _ask(path, "version", "--client").splitlines()
    version = next((line.partition(":")[2].strip() for line in lines if line.startswith("Kustomize")), "")
    return Tool("kubectl", path, f"with kustomize {version}".strip(), (*_NO_FLUX, *_COMMON_LOSSES[1:]))


def _which(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(os.path.abspath(found)) if found else None


def _ask(path: Path, *arguments: str) -> str:
    try:
        asked = subprocess.run(
            [str(path), *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.decode(errors="replace")
