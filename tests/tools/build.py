"""Builds the programs that tests compare with, from their Go modules, into ``tests/tools/bin``.

kustomize is a tool of the module beside this file. flux and sops are built from copies of their own modules, so that
their own ``go.sum`` and ``replace`` lines count; the manifests that flux's releases embed are not part of the module,
and no command that tests use needs them, so an empty one stands in for them.

The JSON schema of SARIF is taken from a module that carries it, so that reports are held to the official text.

helm is built likewise. helm-controller-install, source-controller-chart and kustomize-controller-decrypt are programs
of this folder that run the code of Flux's controllers; they are built within copies of the controllers' modules, as
that code is internal to them.

flux-install.yaml is what `flux install --export` writes of three controllers, made of Flux's own manifests as its
releases make it. stand-in is a program of this folder, for containers of images that can't be had.

Usage: python tests/tools/build.py [kustomize] [flux] [sops] [helm] [helm-controller-install] [source-controller-chart]
    [kustomize-controller-decrypt] [sarif-schema.json] [flux-install.yaml] [stand-in]
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = HERE / "bin"
SARIF = "github.com/owenrumney/go-sarif/v3@v3.2.3"
FLUX = "github.com/fluxcd/flux2/v2@v2.9.5"
# The release whose packages kustomize-controller of that Flux embeds.
SOPS = "github.com/getsops/sops/v3@v3.13.2"
# What the engine embeds of Helm, and the controllers of that Flux that decide about it.
HELM = "helm.sh/helm/v4@v4.2.4"
HELM_CONTROLLER = "github.com/fluxcd/helm-controller@v1.6.4"
KUSTOMIZE_CONTROLLER = "github.com/fluxcd/kustomize-controller@v1.9.5"
SOURCE_CONTROLLER = "github.com/fluxcd/source-controller@v1.9.5"
ENVIRONMENT = {**os.environ, "CGO_ENABLED": "0"}


def build(name: str, package: str, directory: Path, *flags: str) -> None:
    """Build one package of the module in ``directory``; a program that is there already is replaced whole."""
    target = BIN / f".{name}"
    command = ["go", "build", "-trimpath", "-ldflags", " ".join(("-s -w", *flags)), "-o", str(target), package]
    subprocess.run(command, cwd=directory, env=ENVIRONMENT, check=True)
    target.replace(BIN / name)


def wanted(tool: str) -> str:
    """Return what decides about a program, so that it is built once for it."""
    modules = {"sops": SOPS, "helm": HELM, **{oracle: module for oracle, (module, _) in ORACLES.items()}}
    folders = {"stand-in": HERE / "stand-in", **{name: HERE / "oracles" / each for name, (_, each) in ORACLES.items()}}
    programs = (folders[tool] / "main.go").read_text() if tool in folders else ""
    return modules.get(tool, FLUX) + programs + (HERE / "go.sum").read_text()


def kustomize() -> None:
    """Build kustomize of the release whose API Flux embeds."""
    build("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", HERE)


def downloaded(module: str) -> dict[str, str]:
    """Return what Go tells of a module, once it is there: ``Dir`` and ``Version`` among it."""
    command = ["go", "mod", "download", "-json", module]
    download = subprocess.run(command, cwd=HERE, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE)
    told: dict[str, str] = json.loads(download.stdout)
    return told


@contextmanager
def module_copy(module: str) -> Iterator[tuple[Path, str]]:
    """Give a copy of a Go module, where its own ``go.mod`` is the main one, and the module's version."""
    found = downloaded(module)
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "module"
        shutil.copytree(found["Dir"], copy)
        for path in (copy, *copy.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
        yield copy, found["Version"].removeprefix("v")


def flux() -> None:
    """Build the flux command of the Flux release whose libraries the engine embeds."""
    with module_copy(FLUX) as (copy, version):
        manifests = copy / "cmd" / "flux" / "manifests"
        manifests.mkdir()
        (manifests / "none.yaml").touch()
        build("flux", "./cmd/flux", copy, f"-X main.VERSION={version}")


def sops() -> None:
    """Build the sops command, which makes the encrypted files of the tests."""
    with module_copy(SOPS) as (copy, _version):
        build("sops", "./cmd/sops", copy)


def helm() -> None:
    """Build the helm command of the release that the engine embeds."""
    with module_copy(HELM) as (copy, _version):
        build("helm", "./cmd/helm", copy)


# Programs of this folder that use a controller's internal packages: the controller's module, and the program's folder.
ORACLES = {
    "helm-controller-install": (HELM_CONTROLLER, "helm_controller"),
    "source-controller-chart": (SOURCE_CONTROLLER, "source_controller"),
    "kustomize-controller-decrypt": (KUSTOMIZE_CONTROLLER, "kustomize_controller"),
}


def oracle(name: str) -> None:
    """Build a program of this folder within a copy of a controller's module.

    The controller's go.mod takes its API from a folder that is a module of its own, and so not in the copy.
    """
    module, folder = ORACLES[name]
    with module_copy(module) as (copy, _version):
        shutil.copytree(HERE / "oracles" / folder, copy / "oracle")
        api = module.partition("@")[0] + "/api"
        subprocess.run(["go", "mod", "edit", f"-dropreplace={api}"], cwd=copy, env=ENVIRONMENT, check=True)
        subprocess.run(["go", "get", "./oracle"], cwd=copy, env=ENVIRONMENT, check=True)
        build(name, "./oracle", copy)


def sarif_schema() -> None:
    """Write the schema of SARIF 2.1.0 that OASIS publishes, as it stands between backticks in Go's source."""
    source = Path(downloaded(SARIF)["Dir"], "pkg/report/v210/sarif/schema.go").read_text(encoding="utf-8")
    (BIN / "sarif-schema.json").write_text(source.split("`")[1], encoding="utf-8")


def flux_install() -> None:
    """Write Flux's manifests for three controllers, as ``flux install --components=… --export`` does.

    Flux's bases take each controller's definitions and Deployment from its release, which makes them of its module's
    ``config``; here they are taken from there. Without notification-controller nobody takes events.
    """
    with module_copy(FLUX) as (copy, _version):
        install = copy / "manifests" / "install"
        for module in (SOURCE_CONTROLLER, KUSTOMIZE_CONTROLLER, HELM_CONTROLLER):
            name = module.rpartition("/")[2].partition("@")[0]
            base = copy / "manifests" / "bases" / name
            shutil.copytree(Path(downloaded(module)["Dir"], "config"), base / "config")
            file = base / "kustomization.yaml"
            file.chmod(0o600)
            file.write_text(re.sub(r"https://\S+\.crds\.yaml", "config/crd", file.read_text()))
            file.write_text(re.sub(r"https://\S+\.deployment\.yaml", "config/manager", file.read_text()))
            patch = base / "patch.yaml"
            patch.write_text(re.sub(r"--events-addr=\S+", "--events-addr=", patch.read_text()))
        (install / "kustomization.yaml").write_text(
            re.sub(
                r"  - ../bases/(notification|image|source-watcher).*\n",
                "",
                (install / "kustomization.yaml").read_text(),
            )
        )
        built = subprocess.run([BIN / "kustomize", "build", install], check=True, stdout=subprocess.PIPE)
        (BIN / "flux-install.yaml").write_bytes(built.stdout)


def stand_in() -> None:
    """Build the program of this folder that answers on ports."""
    build("stand-in", "./stand-in", HERE)


if __name__ == "__main__":
    tools = {"kustomize": kustomize, "flux": flux, "sops": sops, "helm": helm, "sarif-schema.json": sarif_schema}
    tools |= {"flux-install.yaml": flux_install, "stand-in": stand_in}
    tools |= {name: partial(oracle, name) for name in ORACLES}
    BIN.mkdir(exist_ok=True)
    for chosen in sys.argv[1:] or tools:
        built = BIN / f".{chosen}.built"
        if not (BIN / chosen).exists() or not built.exists() or built.read_text() != wanted(chosen):
            tools[chosen]()
            built.write_text(wanted(chosen))
