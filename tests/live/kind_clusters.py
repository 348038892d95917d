"""What kind clusters of tests are made with: the node image, and images of programs that are built here."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from image_archive import Image, write_archive

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.hermetic.programs import CONTROLLERS, Programs
from pytest_gitops.live.kind.engine import find_engine
from pytest_gitops.live_options import LiveOptions

TOOLS = Path(__file__).resolve().parents[1] / "tools" / "bin"
# The node image, where kind's own can't be had; and why no kind cluster is to be made, where something else says so.
NODE_IMAGE = "GITOPS_TEST_KIND_IMAGE"
STAND_IN = "registry.example.com/stand-in:1.0.0"
# What the example repository runs, with the port that its probes ask.
EXAMPLE = {
    "ghcr.io/stefanprodan/podinfo:6.9.0": "9898",
    "docker.io/valkey/valkey:8.1.1": "6379",
    "registry.example.com/platform/backup-operator:1.4.2": "8081",
}


def kind_options(programs: Programs, directory: Path) -> LiveOptions:
    """Return what a kind cluster is made with here; skips the test, with the reason, where none can be."""
    try:
        find_engine()
    except LiveError as error:
        pytest.skip(str(error))
    for name in ("flux-install.yaml", "stand-in"):
        if not (TOOLS / name).exists():
            pytest.skip(f"tests/tools/bin has no {name} (python tests/tools/build.py)")
    if sys.platform != "linux":
        pytest.skip("the programs that are built here run on Linux alone")
    return LiveOptions(
        "kind",
        kind_image=os.environ.get(NODE_IMAGE),
        kind_load=(str(write_archive(directory / "images.tar", [*_controllers(programs), *_stand_ins()])),),
        flux_install=TOOLS / "flux-install.yaml",
    )


def command_line(options: LiveOptions) -> list[str]:
    """Return what says the same on pytest's command line."""
    image = [f"--gitops-kind-image={options.kind_image}"] if options.kind_image else []
    loaded = [f"--gitops-kind-load={each}" for each in options.kind_load]
    flux = [f"--gitops-flux-install={options.flux_install}"] if options.flux_install else []
    return ["--gitops-reconcile=kind", *image, *loaded, *flux]


def _controllers(programs: Programs) -> list[Image]:
    """Return the images that Flux's installation names, of the programs that are built here."""
    text = (TOOLS / "flux-install.yaml").read_text(encoding="utf-8")
    named = {line.split()[-1] for line in text.splitlines() if line.strip().startswith("image: ")}
    paths = {name: programs.controllers / name for name in CONTROLLERS}
    images = {name: image for image in named for name in paths if f"/{name}:" in image}
    return [Image(image, {f"/{name}": paths[name]}, [f"/{name}"]) for name, image in sorted(images.items())]


def _stand_ins() -> list[Image]:
    files = {"/stand-in": TOOLS / "stand-in", "/podinfo": TOOLS / "stand-in"}
    ports = {STAND_IN: "8080", **EXAMPLE}
    return [Image(name, files, ["/stand-in"], [f"PORTS={port}"]) for name, port in ports.items()]
