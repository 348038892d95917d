"""The package's build puts the engine into the wheel, or says what to do where it can't."""

from __future__ import annotations

import importlib.util
import re
import sys
import sysconfig
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("hatchling", reason="the hook is hatchling's")
from hatchling.bridge.app import Application

HOOK = Path(__file__).resolve().parent.parent / "hatch_build.py"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for go is a shell script")


@pytest.fixture
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", HOOK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def initialize(hook: ModuleType, root: Path, target: str = "wheel") -> dict[str, Any]:
    (root / "engine").mkdir(exist_ok=True)
    data: dict[str, Any] = {"force_include": {}}
    metadata = SimpleNamespace(version="1.2.3")
    builder = hook.EngineHook(str(root), {}, None, metadata, str(root / "dist"), target, Application())
    builder.initialize("standard", data)
    return data


def go(directory: Path, script: str) -> str:
    path = directory / "go"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


BUILDS = """\
while [ "$1" != -o ]; do echo "$1"; shift; done > arguments
env > environment
printf engine > "$2"
chmod +x "$2"
"""


def test_a_wheel_carries_the_engine_of_its_platform(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "_go", lambda: go(tmp_path, BUILDS))
    monkeypatch.setenv("GOROOT", "/elsewhere")
    monkeypatch.delenv("GOFLAGS", raising=False)
    monkeypatch.delenv(hook.PURE, raising=False)
    data = initialize(hook, tmp_path)
    engine = tmp_path / "pytest_gitops" / "bin" / "gitops-engine"
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    assert data == {
        "pure_python": False,
        "infer_tag": False,
        "tag": f"py3-none-{platform}",
        "force_include": {str(engine): "pytest_gitops/bin/gitops-engine"},
    }
    assert engine.read_text() == "engine"
    assert list(engine.parent.iterdir()) == [engine]
    arguments = (tmp_path / "engine" / "arguments").read_text().splitlines()
    assert arguments[:3] == ["build", "-trimpath", "-ldflags"]
    assert re.fullmatch(r"-s -w -X main\.version=1\.2\.3 -X main\.build=[0-9a-f]{16}", arguments[3])
    assert len(arguments) == 4
    environment = (tmp_path / "engine" / "environment").read_text().splitlines()
    assert {"CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOFLAGS=-buildvcs=false"} <= set(environment)
    assert not [line for line in environment if line.startswith("GOROOT=")]


@pytest.mark.parametrize(("target", "pure"), [("sdist", ""), ("wheel", "1")])
def test_nothing_is_built_for_an_sdist_or_a_pure_wheel(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, pure: str
) -> None:
    monkeypatch.setattr(hook, "_go", lambda: go(tmp_path, "exit 1"))
    monkeypatch.setenv(hook.PURE, pure)
    assert initialize(hook, tmp_path, target) == {"force_include": {}}


@pytest.mark.parametrize("missing", [False, True], ids=["no-modules", "no-go"])
def test_a_build_that_fails_says_what_to_do(
    hook: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    missing: bool,
) -> None:
    failing = go(tmp_path, "echo 'lookup proxy: no such host' >&2; exit 1")
    monkeypatch.setattr(hook, "_go", lambda: str(tmp_path / "none") if missing else failing)
    monkeypatch.delenv(hook.PURE, raising=False)
    with pytest.raises(SystemExit) as caught:
        initialize(hook, tmp_path)
    assert caught.value.code == 1
    said = "".join(capfd.readouterr())
    assert "Its Go modules have to be reachable once" in said
    assert "set PYTEST_GITOPS_PURE=1 for a wheel without the engine" in said
    assert not (tmp_path / "pytest_gitops" / "bin" / "gitops-engine").exists()


def test_other_sources_make_another_engine(hook: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text("package main")
    before = hook._digest(tmp_path)
    (tmp_path / "main_test.go").write_text("package main")
    assert hook._digest(tmp_path) == before
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "schema.json").write_text("{}")
    assert hook._digest(tmp_path) != before


def test_go_comes_from_the_build_requirement(hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("package/go/bin", "path"):
        (tmp_path / name).mkdir(parents=True)
        go(tmp_path / name, "")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(hook.importlib.util, "find_spec", lambda name: None)
    assert hook._go() == str(tmp_path / "path" / "go")
    package = SimpleNamespace(origin=str(tmp_path / "package" / "go" / "__init__.py"))
    monkeypatch.setattr(hook.importlib.util, "find_spec", lambda name: package)
    assert hook._go() == str(tmp_path / "package" / "go" / "bin" / "go")
