"""On every Flux Kustomization of the corpora, the engine and ``flux build kustomization`` give the same objects."""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from oracle_corpora import Loader, cases, flux_kustomizations, path_of

from pytest_gitops.model import JsonObject, Rendered, ResourceId
from pytest_gitops.rendering import BuildRequest, Renderer, RenderError, Tree


@pytest.fixture(scope="module")
def working_copy(tmp_path_factory: pytest.TempPathFactory, renderer: Renderer) -> Callable[[Path], tuple[Path, Tree]]:
    """Copy each tree once, as flux writes kustomization files into what it builds, and open the original."""
    copies: dict[Path, tuple[Path, Tree]] = {}

    def make(root: Path) -> tuple[Path, Tree]:
        if root not in copies:
            target = tmp_path_factory.mktemp("flux") / root.name
            shutil.copytree(root, target, symlinks=True, copy_function=shutil.copyfile)
            for path in (target, *target.rglob("*")):
                path.chmod(path.stat().st_mode | 0o200)
            copies[root] = target, renderer.open(root)
        return copies[root]

    return make


@pytest.mark.parametrize(("root", "kustomization"), cases(flux_kustomizations))
def test_same_objects_as_flux(
    root: Path,
    kustomization: JsonObject,
    flux: Path,
    renderer: Renderer,
    working_copy: Callable[[Path], tuple[Path, Tree]],
    tmp_path: Path,
) -> None:
    directory, tree = working_copy(root)
    comparable = without_cluster(kustomization)
    file = tmp_path / "kustomization.yaml"
    file.write_text(yaml.safe_dump(comparable), encoding="utf-8")
    path = path_of(comparable)
    name, namespace = (comparable["metadata"][key] for key in ("name", "namespace"))
    command = [flux, "build", "kustomization", name, "--namespace", namespace, "--dry-run"]
    expected = subprocess.run(
        [*command, "--path", directory / path, "--kustomization-file", file],
        cwd=directory,
        env={"HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        check=False,
    )
    renderer.submit(BuildRequest(tree=tree, path=path, kustomization=comparable, strict=False))
    outcome = renderer.next_done().outcome

    if expected.returncode != 0:
        assert isinstance(outcome, RenderError), f"flux refuses: {expected.stderr.decode()}"
        return
    assert isinstance(outcome, Rendered), f"flux builds it, the engine says {outcome}"
    assert by_id(resource.object for resource in outcome) == by_id(yaml.load_all(expected.stdout, Loader))


def without_cluster(kustomization: JsonObject) -> JsonObject:
    """Take away what the command asks a cluster for: it leaves substituteFrom out of a dry run."""
    comparable = copy.deepcopy(kustomization)
    comparable["metadata"].setdefault("namespace", "flux-system")
    comparable["spec"].get("postBuild", {}).pop("substituteFrom", None)
    return comparable


def by_id(objects: Any) -> dict[ResourceId, JsonObject]:
    """Index objects by identity, without the values of Secrets, which the command masks."""
    return {ResourceId.of(obj): _without_values(obj) for obj in objects if obj is not None}


def _without_values(obj: JsonObject) -> JsonObject:
    if obj["kind"] != "Secret":
        return obj
    return {key: sorted(value) if key in ("data", "stringData") and value else value for key, value in obj.items()}
