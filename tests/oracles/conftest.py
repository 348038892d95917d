"""The programs that say what is right, and the renderer that is judged."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helm_oracle import Ask, Oracle
from oracle_corpora import PROJECT

from pytest_gitops.rendering import Renderer, create_renderer

TOOLS = PROJECT / "tests" / "tools"


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    """The bundled engine, without a cache."""
    renderer = create_renderer("bundled", deadline=60.0)
    yield renderer
    renderer.close()


@pytest.fixture(scope="session")
def kustomize() -> Path:
    """The kustomize command of the release that Flux embeds."""
    return _tool("kustomize")


@pytest.fixture(scope="session")
def flux() -> Path:
    """The flux command of the release whose libraries the engine embeds."""
    return _tool("flux")


@pytest.fixture(scope="session")
def helm() -> Path:
    """The helm command of the release that the engine embeds."""
    return _tool("helm")


@pytest.fixture(scope="session")
def helm_controller() -> Path:
    """A program that installs with helm-controller's own code."""
    return _tool("helm-controller-install")


@pytest.fixture(scope="session")
def source_controller() -> Path:
    """A program that makes charts with source-controller's own code."""
    return _tool("source-controller-chart")


@pytest.fixture(scope="session")
def make_chart(source_controller: Path) -> Iterator[Ask]:
    """Make a chart as source-controller does."""
    oracle = Oracle(source_controller)
    yield oracle.ask
    oracle.end()


@pytest.fixture(scope="session")
def install(helm_controller: Path) -> Iterator[Ask]:
    """Install a release as helm-controller does, without a cluster."""
    oracle = Oracle(helm_controller)
    yield oracle.ask
    oracle.end()


def _tool(name: str) -> Path:
    path = TOOLS / "bin" / name
    if not path.exists():
        if shutil.which("go") is None:
            pytest.skip(f"{name} is built from its Go module, and there is no go on PATH")
        subprocess.run([sys.executable, TOOLS / "build.py", name], check=True)
    return path
