"""The client with the engine itself: whole results, errors with their places, and a death in mid-run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import pytest_gitops
from pytest_gitops.model import JsonObject, Location, Rendered, Variable
from pytest_gitops.rendering import BuildRequest, Renderer, RenderError, TreeError, VariableSource
from pytest_gitops.rendering.engine import EngineRenderer

Repo = Callable[[str], Path]

APPS = """
--- apps/base/a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
data:
  domain: ${domain}
  level: ${level:=info}
  hidden: ${secret}
--- apps/base/kustomization.yaml
resources: [a.yaml]
--- apps/production/kustomization.yaml
resources: [../base]
patches:
  - path: patch.yaml
--- apps/production/patch.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
data:
  patched: "yes"
--- broken/kustomization.yaml
resources:
  - present.yaml
  - absent.yaml
--- broken/present.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: present
"""

KUSTOMIZATION: JsonObject = {
    "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
    "kind": "Kustomization",
    "metadata": {"name": "apps", "namespace": "flux-system"},
    "spec": {
        "path": "./apps/production",
        "postBuild": {
            "substitute": {"domain": "example.com"},
            "substituteFrom": [{"kind": "Secret", "name": "vars"}],
        },
    },
}


def test_a_build_gives_all_that_went_into_it(engine: Renderer, repo: Repo) -> None:
    tree = engine.open(repo(APPS))
    variables = (VariableSource("Secret", "vars", complete=False),)
    engine.submit(BuildRequest(tree, "./apps/production", KUSTOMIZATION, variables, tag="mine"))
    done = engine.next_done()
    assert done.request.tag == "mine"
    rendered = done.outcome
    assert isinstance(rendered, Rendered)
    (resource,) = rendered
    assert resource.object == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "a",
            "labels": {
                "kustomize.toolkit.fluxcd.io/name": "apps",
                "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
            },
        },
        "data": {
            "domain": "example.com",
            "level": "info",
            "hidden": "gitops-placeholder-secret",
            "patched": "yes",
        },
    }
    assert (str(resource.id), resource.api_version, resource.origin) == ("ConfigMap/a", "v1", "apps/base/a.yaml")
    assert rendered.placeholders == {"secret": "gitops-placeholder-secret"}
    assert sorted(rendered.variables, key=lambda variable: variable.name) == [
        Variable("domain", "substitute", (0,)),
        Variable("level", "default", (0,)),
        Variable("secret", "placeholder", (0,)),
    ]
    assert rendered.reads == (
        "apps/base/a.yaml",
        "apps/base/kustomization.yaml",
        "apps/production/kustomization.yaml",
        "apps/production/patch.yaml",
    )


def test_an_error_says_where(engine: Renderer, repo: Repo) -> None:
    tree = engine.open(repo(APPS))
    engine.submit(BuildRequest(tree, "broken"))
    error = engine.next_done().outcome
    assert isinstance(error, RenderError)
    assert (error.code, error.location, error.message) == (
        "build",
        Location("broken/kustomization.yaml", 3),
        "broken/absent.yaml: no such file or directory",
    )


def test_a_directory_that_is_not_there_is_an_error_of_its_tree(engine: Renderer, tmp_path: Path) -> None:
    with pytest.raises(TreeError) as caught:
        engine.open(tmp_path / "none")
    assert caught.value.error.code == "path"
    assert engine.scan(engine.open(tmp_path)).files == 0


def test_the_engine_describes_itself(engine: Renderer) -> None:
    described = engine.describe()
    assert described.startswith(("engine devel (flux 2.9.5, ", f"engine {pytest_gitops.__version__} (flux 2.9.5, "))
    assert described.endswith(", kustomize v0.21.1)")
    assert engine.notes == ()


@pytest.mark.parametrize("times", [1, 3])
def test_an_engine_killed_in_mid_run_costs_no_result(engine: EngineRenderer, repo: Repo, times: int) -> None:
    tree = engine.open(repo(APPS))
    for number in range(400):
        spec = {**KUSTOMIZATION["spec"], "postBuild": {"substitute": {"domain": f"n{number}", "secret": "x"}}}
        engine.submit(BuildRequest(tree, "apps/production", {**KUSTOMIZATION, "spec": spec}, tag=str(number)))
    rendered = {}
    while engine.pending:
        if len(rendered) in [50 * (kill + 1) for kill in range(times)]:
            os.kill(engine._engine.process.pid, signal.SIGKILL)
        done = engine.next_done()
        assert isinstance(done.outcome, Rendered), done.outcome
        rendered[done.request.tag] = done.outcome.resources[0].object["data"]["domain"]
    assert rendered == {str(number): f"n{number}" for number in range(400)}


def test_many_processes_render_side_by_side(engine: Renderer, repo: Repo) -> None:
    script = """
import sys
from pathlib import Path
from pytest_gitops.rendering import BuildRequest, create_renderer
renderer = create_renderer("bundled", cache=Path(sys.argv[2]))
tree = renderer.open(Path(sys.argv[1]))
for _ in range(20):
    renderer.submit(BuildRequest(tree, "apps/base"))
print({renderer.next_done().outcome.resources[0].text for _ in range(20)})
renderer.close()
"""
    root = repo(APPS)

    def run(_: int) -> str:
        command = [sys.executable, "-W", "error", "-c", script, str(root), str(root.parent / "cache")]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    with ThreadPoolExecutor(8) as pool:
        printed = set(pool.map(run, range(8)))
    assert len(printed) == 1


def test_garbage_left_open_raises_no_warning(engine: Renderer, repo: Repo) -> None:
    script = """
import sys
from pathlib import Path
from pytest_gitops.rendering import BuildRequest, create_renderer
renderer = create_renderer("bundled")
renderer.submit(BuildRequest(renderer.open(Path(sys.argv[1])), "apps/base"))
if sys.argv[2] == "collected":
    del renderer
"""
    for end in ("collected", "exit"):
        command = [sys.executable, "-W", "error", "-X", "dev", "-c", script, str(repo(APPS)), end]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")
