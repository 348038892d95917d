"""On every overlay of the corpora, the engine and ``kustomize build`` give the same objects, or both refuse."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from oracle_corpora import Loader, cases, overlays

from pytest_gitops.model import Rendered
from pytest_gitops.rendering import BuildRequest, Renderer, RenderError, Tree


@pytest.fixture(scope="module")
def tree_of(tmp_path_factory: pytest.TempPathFactory, renderer: Renderer) -> Callable[[Path], Tree]:
    """Open a copy of each tree once, without ``.sourceignore``: kustomize knows nothing of it."""
    opened: dict[Path, Tree] = {}

    def tree(root: Path) -> Tree:
        if root not in opened:
            copy = tmp_path_factory.mktemp("tree") / root.name
            ignore = shutil.ignore_patterns(".sourceignore")
            shutil.copytree(root, copy, symlinks=True, ignore=ignore, copy_function=shutil.copyfile)
            opened[root] = renderer.open(copy)
        return opened[root]

    return tree


@pytest.mark.parametrize(("root", "path"), cases(overlays))
def test_same_objects_as_kustomize(
    root: Path, path: str, kustomize: Path, renderer: Renderer, tree_of: Callable[[Path], Tree]
) -> None:
    tree = tree_of(root)
    expected = subprocess.run(
        [kustomize, "build", "--load-restrictor=LoadRestrictionsNone", "--reorder=none", path],
        cwd=tree.root,
        env={"PATH": ""},  # no git: a remote base is refused here too
        capture_output=True,
        check=False,
    )
    renderer.submit(BuildRequest(tree=tree, path=path))
    outcome = renderer.next_done().outcome

    if expected.returncode != 0:
        assert isinstance(outcome, RenderError), f"kustomize refuses: {expected.stderr.decode()}"
        return
    assert isinstance(outcome, Rendered), f"kustomize builds it, the engine says {outcome}"
    objects = [document for document in yaml.load_all(expected.stdout, Loader) if document is not None]
    assert [resource.object for resource in outcome] == objects
