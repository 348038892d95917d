"""Builds what the packages' wheels hold, in place, to test the hermetic cluster without installing it.

A package is built again only where its sources have changed.

Usage: python packages/build.py [control-plane] [flux]
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
PACKAGES = {"control-plane": "pytest_gitops_control_plane", "flux": "pytest_gitops_flux"}


def hook_of(name: str) -> ModuleType:
    """Return a package's build hook as a module."""
    spec = importlib.util.spec_from_file_location(f"{PACKAGES[name]}_build", HERE / name / "hatch_build.py")
    if spec is None or spec.loader is None:
        sys.exit(f"packages/{name} has no build hook")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wanted(name: str) -> str:
    """Return what decides about a package's programs."""
    digest = hashlib.sha256()
    for file in sorted(path for path in (HERE / name).iterdir() if path.suffix in (".go", ".mod", ".sum", ".py")):
        digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    for chosen in sys.argv[1:] or PACKAGES:
        package = HERE / chosen / PACKAGES[chosen]
        built = package / "bin" / ".built"
        if not built.exists() or built.read_text() != wanted(chosen):
            hook_of(chosen).build(HERE / chosen, package)
            built.write_text(wanted(chosen))
