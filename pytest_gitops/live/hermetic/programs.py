"""Finds the programs that a hermetic cluster is made of."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pytest_gitops.exceptions import LiveError

# A directory to take the programs from in place of the installed packages: for those who build them themselves.
DIRECTORY = "GITOPS_HERMETIC_PROGRAMS"
CONTROL_PLANE = "pytest_gitops_control_plane"
FLUX = "pytest_gitops_flux"
CONTROLLERS = ("source-controller", "kustomize-controller", "helm-controller", "notification-controller")


@dataclass(frozen=True, slots=True)
class Programs:
    """The control plane's program, the directories of Flux's controllers and definitions, and all versions."""

    control_plane: Path
    controllers: Path
    definitions: Path
    versions: tuple[tuple[str, str], ...] = ()


def find_programs() -> Programs:
    """Return the programs of the installed packages, or those of ``$GITOPS_HERMETIC_PROGRAMS``.

    Raises LiveError, saying what to install, where one is missing.
    """
    chosen = os.environ.get(DIRECTORY)
    found = _of_directory(Path(chosen).absolute()) if chosen else _of_packages()
    needed = [found.control_plane, found.definitions, *(found.controllers / name for name in CONTROLLERS)]
    for path in needed:
        if not path.exists():
            raise LiveError(f"{path} is missing: {_REMEDY}")
    return found


_REMEDY = "install the hermetic cluster with pip install 'pytest-gitops[hermetic]', or choose another provider"


def _of_directory(directory: Path) -> Programs:
    return Programs(directory / "control-plane", directory, directory / "definitions")


def _of_packages() -> Programs:
    try:
        control_plane, flux = import_module(CONTROL_PLANE), import_module(FLUX)
    except ImportError as error:
        raise LiveError(f"the package {error.name} is not installed: {_REMEDY}") from None
    versions = (("Flux", flux.FLUX), *control_plane.VERSIONS.items())
    return Programs(control_plane.PROGRAM, flux.PROGRAMS, flux.DEFINITIONS, versions)
