"""Renderers and engines for the tests of this folder; none outlives its test."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from pytest_gitops.rendering import Renderer
from pytest_gitops.rendering.binary import engine_path
from pytest_gitops.rendering.engine import EngineRenderer
from pytest_gitops.rendering.external import ExternalRenderer
from pytest_gitops.rendering.protocol import RendererSettings

TOOLS = Path(__file__).resolve().parent.parent / "tools" / "bin"
FAKE_ENGINE = """\
#!{python}
import json, os, signal, sys, time

def say(message):
    print(json.dumps(message), flush=True)

def reply(request, **result):
    say({{"id": request["id"], "result": result}})

def rendered(request):
    path = request["params"]["path"]
    object = {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": path}}}}
    resource = {{"apiVersion": "v1", "kind": "ConfigMap", "name": path, "object": json.dumps(object)}}
    reply(request, resources=[resource], reads=[path])

def hello():
    say({{"engine": "0", "protocol": 1, "versions": {{"flux": "2.9.5"}}}})

def build(request):
    rendered(request)

{script}

hello()
for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "open":
        reply(request, tree=1)
    elif request["method"] == "scan":
        reply(request, files=0)
    else:
        build(request)
"""


@pytest.fixture
def fake_engine(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes an engine which behaves well but for what the given Python code replaces."""

    def write(script: str = "") -> Path:
        path = tmp_path / "fake-engine"
        path.write_text(FAKE_ENGINE.format(python=sys.executable, script=dedent(script)))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Callable[..., EngineRenderer]:
    """Return a function that starts a renderer on an engine, and ends it after the test."""

    def create(path: Path, **settings: object) -> EngineRenderer:
        renderer = EngineRenderer(RendererSettings(**settings), path)  # type: ignore[arg-type]
        request.addfinalizer(renderer.close)
        return renderer

    return create


@pytest.fixture
def engine() -> Iterator[Renderer]:
    """The bundled engine."""
    if not engine_path().exists():
        pytest.skip(f"no engine at {engine_path()}: build it first")
    renderer = EngineRenderer(RendererSettings())
    yield renderer
    renderer.close()


@pytest.fixture
def external(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[..., Renderer]:
    """Return a function that starts the external renderer with only the named tools on PATH."""

    def create(*names: str, deadline: float = 60.0) -> Renderer:
        path = tmp_path_factory.mktemp("path")
        for name in names:
            found = shutil.which(name, path=f"{TOOLS}{os.pathsep}{os.environ['PATH']}")
            if found is None:
                pytest.skip(f"{name} is neither on PATH nor built: python tests/tools/build.py")
            (path / name).symlink_to(found)
        monkeypatch.setenv("PATH", str(path))
        renderer = ExternalRenderer(RendererSettings(deadline=deadline))
        request.addfinalizer(renderer.close)
        return renderer

    return create


@pytest.fixture
def repo(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes the files of a text: ``--- path`` begins each of them."""

    def write(text: str) -> Path:
        root = tmp_path / "repo"
        for part in re.split(r"^--- (?=\S)", dedent(text), flags=re.MULTILINE)[1:]:
            name, _, content = part.partition("\n")
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return root

    return write
