"""External tools are chosen, bounded and kept inside of the repository, and what they can't do is said."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from building import FLEET, build, kustomization, objects

from pytest_gitops.model import Location
from pytest_gitops.rendering import BuildRequest, Renderer, RenderError, RendererUnavailableError, create_renderer
from pytest_gitops.rendering.binary import OVERRIDE

External = Callable[..., Renderer]
Repo = Callable[[str], Path]

HOSTILE = """
--- remote/kustomization.yaml
resources: ["https://example.com/base?ref=v1"]
--- escape/kustomization.yaml
resources: [a.yaml]
patches:
  - path: ../../secret.yaml
--- escape/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
--- indirect/kustomization.yaml
resources: [../remote]
--- broken/kustomization.yaml
resources: [absent.yaml]
--- deep/kustomization.yaml
resources: [a.yaml]
"""


@pytest.mark.parametrize("tool", ["flux", "kustomize"])
def test_what_leaves_the_repository_is_refused(external: External, repo: Repo, tool: str) -> None:
    root = repo(HOSTILE)
    (root.parent / "secret.yaml").write_text("kind: Secret")
    (root / "link").mkdir()
    (root / "link" / "kustomization.yaml").write_text("resources: [secret.yaml]")
    (root / "link" / "secret.yaml").symlink_to(root.parent / "secret.yaml")
    renderer = external(tool)
    url = "https://example.com/base?ref=v1"
    remote = RenderError(
        "remote",
        "the bundled engine fetches remote bases, tools on PATH are not let to",
        Location("remote/kustomization.yaml"),
        url=url,
    )
    assert build(renderer, root, "remote") == remote
    assert build(renderer, root, "indirect") == remote
    assert build(renderer, root, "escape") == RenderError(
        "path", "../../secret.yaml is outside the source's root", Location("escape/kustomization.yaml")
    )
    assert build(renderer, root, "none") == RenderError("path", "there is no directory 'none'")
    link = build(renderer, root, "link")
    assert link.code == "build"
    assert "secret.yaml" in link.message


def test_an_error_names_the_repository_file_and_no_other(external: External, repo: Repo) -> None:
    error = build(external("kustomize"), repo(HOSTILE), "broken")
    assert error.code == "build"
    assert "pytest-gitops-" not in error.message
    assert "broken/absent.yaml" in error.message


@pytest.mark.parametrize("name", ["-h", "a b", "", "--kubeconfig=x"])
def test_a_name_is_never_taken_for_an_option(external: External, repo: Repo, name: str) -> None:
    renderer = external("flux")
    tree = renderer.open(repo(FLEET))
    hostile = kustomization({"path": "plain"})
    hostile["metadata"]["name"] = name
    renderer.submit(BuildRequest(tree, "plain", hostile))
    assert renderer.next_done().outcome == RenderError(
        "build", f"flux-system/{name} is no name of a Kustomization", field="metadata.name"
    )


@dataclass
class FakeTool:
    """A kustomize that does as it is told."""

    directory: Path

    def __call__(self, script: str) -> None:
        path = self.directory / "kustomize"
        path.write_text(f"#!/bin/sh\n[ $1 = version ] && echo v9 && exit\n{script}\n")
        path.chmod(0o755)


@pytest.fixture
def fake_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTool:
    directory = tmp_path / "tools"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.defpath}")
    return FakeTool(directory)


def test_a_tool_that_hangs_is_ended_with_all_it_started(
    fake_tool: FakeTool, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tool(f"sleep 97531 & echo $! > {tmp_path}/pid; wait")
    renderer = create_renderer("external", deadline=0.5)
    assert build(renderer, repo(FLEET), "apps/base") == RenderError("deadline", "the build took longer than 0.5 s")
    renderer.close()
    pid = (tmp_path / "pid").read_text().strip()
    status = Path(f"/proc/{pid}/status")
    assert not status.exists() or "zombie" in status.read_text()


def test_a_tool_that_writes_too_much_is_cut_off(
    fake_tool: FakeTool, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_gitops.rendering.external.command.MAX_OUTPUT", 1 << 20)
    fake_tool("yes")
    renderer = create_renderer("external", deadline=5)
    assert build(renderer, repo(FLEET), "apps/base") == RenderError("limit", "kustomize wrote more than may be read")
    renderer.close()


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (
            "echo '[1, 2'",
            RenderError("yaml", "the output of kustomize can't be read: did not find expected ',' or ']'"),
        ),
        ("echo text", RenderError("yaml", "the output holds something that is no Kubernetes object")),
        ("exit 3", RenderError("build", "kustomize ended with status 3")),
        ("echo Error: broken >&2; exit 1", RenderError("build", "broken")),
    ],
)
def test_a_tool_that_fails_is_understood(fake_tool: FakeTool, repo: Repo, script: str, error: RenderError) -> None:
    fake_tool(script)
    renderer = create_renderer("external")
    assert build(renderer, repo(FLEET), "apps/base") == error
    renderer.close()


def test_a_tool_sees_no_secret_of_the_environment(
    fake_tool: FakeTool, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    fake_tool("env | sed 's/=.*//;s/^/- /;1i x: ' ")
    renderer = create_renderer("external")
    outcome = build(renderer, repo(FLEET), "apps/base")
    renderer.close()
    names = set(json.loads(outcome.resources[0].text)["x"]) - {"PWD", "SHLVL", "_", "OLDPWD"}
    offline = {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "GIT_ALLOW_PROTOCOL"}
    assert names - {"SSL_CERT_DIR", "SSL_CERT_FILE"} == {"PATH", "HOME", "TMPDIR", *offline}


def test_the_best_tool_at_hand_is_taken_and_its_losses_said(external: External) -> None:
    substitution = "post-build substitution (${VARIABLES} stay as they are), and so strict mode"
    with_kubectl = external("kubectl")
    assert with_kubectl.describe().startswith("external (kubectl with kustomize v")
    assert with_kubectl.notes[0] == f"kubectl from PATH leaves out: {substitution}"


def test_flux_comes_first_then_kustomize(external: External) -> None:
    renderer = external("flux", "kustomize", "kubectl")
    assert [part.split()[0] for part in renderer.describe()[len("external (") :].split(", ")] == ["flux", "kustomize"]
    assert renderer.notes == (
        "flux from PATH leaves out: which file and patch an object comes from",
        "flux from PATH leaves out: the values that substitution used",
        "flux from PATH leaves out: the values of encrypted Secrets (they are masked)",
    )


def test_neither_engine_nor_tools_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(OVERRIDE, raising=False)
    monkeypatch.setattr("pytest_gitops.rendering.choice.engine_path", lambda: tmp_path / "none")
    with pytest.raises(RendererUnavailableError) as caught:
        create_renderer()
    assert str(caught.value) == (
        "there is nothing to render with: this installation of pytest-gitops has no engine, and none of flux, "
        "kustomize and kubectl is on PATH. Reinstall pytest-gitops without PYTEST_GITOPS_PURE, or install flux"
    )
    with pytest.raises(RendererUnavailableError) as caught:
        create_renderer("external")
    assert str(caught.value) == (
        "there is none of flux, kustomize and kubectl on PATH: install one of them (flux 2.9 loses least), "
        "or reinstall pytest-gitops with its engine"
    )


def test_auto_takes_tools_only_where_the_engine_is_not_installed(
    fake_tool: FakeTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tool("")
    monkeypatch.delenv(OVERRIDE, raising=False)
    monkeypatch.setattr("pytest_gitops.rendering.choice.engine_path", lambda: tmp_path / "none")
    renderer = create_renderer()
    assert renderer.describe() == "external (kustomize v9)"
    renderer.close()
    monkeypatch.setenv(OVERRIDE, str(tmp_path / "none"))
    with pytest.raises(RendererUnavailableError, match="there is no engine at"):
        create_renderer()


def test_copies_are_removed(external: External, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    renderer = external("kustomize")
    objects(build(renderer, repo(FLEET), "apps/base"))
    assert list((tmp_path / "temporary").iterdir())
    renderer.close()
    renderer.close()
    assert not list((tmp_path / "temporary").iterdir())
