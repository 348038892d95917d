"""Builds the programs that tests compare with, from their Go modules, into ``tests/tools/bin``.

kustomize is a tool of the module beside this file. flux is built from a copy of its own module, so that its own
``go.sum`` and ``replace`` lines count; the manifests that its releases embed are not part of the module, and no
command that tests use needs them, so an empty one stands in for them.

The JSON schema of SARIF is taken from a module that carries it, so that reports are held to the official text.

Usage: python tests/tools/build.py [kustomize] [flux] [sarif-schema.json]
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = HERE / "bin"
SARIF = "github.com/owenrumney/go-sarif/v3@v3.2.3"
FLUX = "github.com/fluxcd/flux2/v2@v2.9.5"
ENVIRONMENT = {**os.environ, "CGO_ENABLED": "0"}


def build(name: str, package: str, directory: Path, *flags: str) -> None:
    """Build one package of the module in ``directory``; a program that is there already is replaced whole."""
    target = BIN / f".{name}"
    command = ["go", "build", "-trimpath", "-ldflags", " ".join(("-s -w", *flags)), "-o", str(target), package]
    subprocess.run(command, cwd=directory, env=ENVIRONMENT, check=True)
    target.replace(BIN / name)


def wanted() -> str:
    """Return what decides about the programs, so that they are built once for it."""
    return FLUX + (HERE / "go.sum").read_text()


def kustomize() -> None:
    """Build kustomize of the release whose API Flux embeds."""
    build("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", HERE)


def flux() -> None:
    """Build the flux command of the Flux release whose libraries the engine embeds."""
    download = subprocess.run(
        ["go", "mod", "download", "-json", FLUX], cwd=HERE, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE
    )
    module = json.loads(download.stdout)
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "flux2"
        shutil.copytree(module["Dir"], copy)
        for path in (copy, *copy.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
        manifests = copy / "cmd" / "flux" / "manifests"
        manifests.mkdir()
        (manifests / "none.yaml").touch()
        version = module["Version"].removeprefix("v")
        build("flux", "./cmd/flux", copy, f"-X main.VERSION={version}")


def sarif_schema() -> None:
    """Write the schema of SARIF 2.1.0 that OASIS publishes, as it stands between backticks in Go's source."""
    download = subprocess.run(
        ["go", "mod", "download", "-json", SARIF], cwd=HERE, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE
    )
    source = Path(json.loads(download.stdout)["Dir"], "pkg/report/v210/sarif/schema.go").read_text(encoding="utf-8")
    (BIN / "sarif-schema.json").write_text(source.split("`")[1], encoding="utf-8")


if __name__ == "__main__":
    tools = {"kustomize": kustomize, "flux": flux, "sarif-schema.json": sarif_schema}
    BIN.mkdir(exist_ok=True)
    for chosen in sys.argv[1:] or tools:
        built = BIN / f".{chosen}.built"
        if not (BIN / chosen).exists() or not built.exists() or built.read_text() != wanted():
            tools[chosen]()
            built.write_text(wanted())
