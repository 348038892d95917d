"""External tools give what the engine gives, less what they say they leave out, and never touch the repository."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_gitops.model import JsonObject, Location, Rendered
from pytest_gitops.rendering import (
    BuildRequest,
    Renderer,
    RenderError,
    RendererUnavailableError,
    VariableSource,
    create_renderer,
)
from pytest_gitops.rendering.engine import OVERRIDE

External = Callable[..., Renderer]
Repo = Callable[[str], Path]

FLEET = """
--- apps/base/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: nginx:1.0
          args: ["--domain=${domain}", "--level=${level:=info}", "--sum=$${untouched}"]
--- apps/base/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [web.yaml]
configMapGenerator:
  - name: settings
    files: [settings.ini, other=extra/other.ini]
--- apps/base/settings.ini
level = 1
--- apps/base/extra/other.ini
level = 2
--- apps/production/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../base]
patches:
  - path: replicas.yaml
--- apps/production/replicas.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
--- components/team/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
commonAnnotations:
  team: web
--- plain/a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
data:
  mode: "0644"
  number: "2e-07"
  yes: "yes"
  equals: "="
--- plain/deeper/b.yml
apiVersion: v1
kind: Service
metadata:
  name: b
spec:
  ports:
    - port: 80
--- plain/overlay/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namePrefix: c-
resources: [c.yaml]
--- plain/overlay/c.yaml
apiVersion: v1
kind: Secret
metadata:
  name: c
stringData:
  password: hush
--- plain/.sourceignore
ignored.yaml
--- plain/ignored.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: ignored
--- plain/notes.txt
not a manifest
"""

SPECS: dict[str, JsonObject] = {
    "path-only": {"path": "./apps/production"},
    "no-kustomization-file": {"path": "plain"},
    "absolute-path": {"path": "/apps/base/"},
    "all-fields": {
        "path": "./apps/production",
        "targetNamespace": "team",
        "namePrefix": "pre-",
        "nameSuffix": "-suf",
        "commonMetadata": {"labels": {"team": "web"}, "annotations": {"contact": "web@example.com"}},
        "images": [{"name": "nginx", "newName": "registry.example.com/nginx", "newTag": "2.0"}],
        "patches": [
            {
                "patch": '- {op: add, path: /metadata/labels, value: {patched: "true"}}',
                "target": {"kind": "Deployment"},
            }
        ],
        "components": ["../../components/team"],
    },
    "missing-components": {
        "path": "apps/base",
        "ignoreMissingComponents": True,
        "components": ["../../components/team", "../../components/none"],
    },
}

SUBSTITUTIONS: dict[str, JsonObject] = {
    "inline": {"path": "apps/base", "postBuild": {"substitute": {"domain": "example.com", "level": "debug"}}},
    "from": {
        "path": "apps/base",
        "postBuild": {
            "substitute": {"level": "inline"},
            "substituteFrom": [
                {"kind": "ConfigMap", "name": "vars"},
                {"kind": "Secret", "name": "vars"},
                {"kind": "ConfigMap", "name": "absent", "optional": True},
            ],
        },
    },
}
VARIABLES = (
    VariableSource("ConfigMap", "vars", {"domain": "first.example.com", "level": "first"}),
    VariableSource("Secret", "vars", {"domain": "second.example.com"}),
)


def kustomization(spec: JsonObject) -> JsonObject:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "apps", "namespace": "flux-system"},
        "spec": {"interval": "1h", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "x"}, **spec},
    }


def build(renderer: Renderer, root: Path, path: str, spec: JsonObject | None = None, **more: Any) -> Any:
    tree = renderer.open(root)
    renderer.submit(BuildRequest(tree, path, None if spec is None else kustomization(spec), **more))
    return renderer.next_done().outcome


def objects(outcome: Rendered | RenderError) -> list[JsonObject]:
    assert isinstance(outcome, Rendered), outcome
    return [resource.object for resource in outcome]


def content(root: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


@pytest.mark.parametrize("tool", ["flux", "kustomize", "kubectl"])
@pytest.mark.parametrize("name", SPECS)
def test_a_tool_renders_what_the_engine_renders(
    external: External, engine: Renderer, repo: Repo, tool: str, name: str
) -> None:
    root = repo(FLEET)
    before = content(root)
    spec = SPECS[name]
    ours, theirs = build(engine, root, spec["path"], spec), build(external(tool), root, spec["path"], spec)
    assert objects(theirs) == objects(ours)
    assert theirs.reads == ours.reads
    assert content(root) == before


@pytest.mark.parametrize("tool", ["flux", "kustomize", "kubectl"])
@pytest.mark.parametrize("path", ["apps/base", "apps/production", "components/team", "plain/overlay"])
def test_an_overlay_gets_no_owner(external: External, engine: Renderer, repo: Repo, tool: str, path: str) -> None:
    root = repo(FLEET)
    ours, theirs = build(engine, root, path), build(external(tool), root, path)
    assert objects(theirs) == objects(ours)


@pytest.mark.parametrize("tool", ["kustomize", "kubectl"])
def test_kustomize_names_the_files_an_object_comes_from(
    external: External, engine: Renderer, repo: Repo, tool: str
) -> None:
    root = repo(FLEET)
    ours, theirs = build(engine, root, "apps/production"), build(external(tool), root, "apps/production")
    assert [resource.origin for resource in theirs] == [resource.origin for resource in ours]
    assert [resource.origin for resource in theirs] == ["apps/base/web.yaml", "apps/base/kustomization.yaml"]


@pytest.mark.parametrize("name", SUBSTITUTIONS)
@pytest.mark.parametrize("strict", [False, True])
def test_flux_substitutes_as_the_engine_does(
    external: External, engine: Renderer, repo: Repo, name: str, strict: bool
) -> None:
    root = repo(FLEET)
    spec = SUBSTITUTIONS[name]
    more = {"variables": VARIABLES, "strict": strict}
    theirs = build(external("flux"), root, spec["path"], spec, **more)
    assert objects(theirs) == objects(build(engine, root, spec["path"], spec, **more))


def test_flux_is_strict_where_it_is_asked_to_be(external: External, engine: Renderer, repo: Repo) -> None:
    root, spec = repo(FLEET), {"path": "apps/base", "postBuild": {"substitute": {"other": "x"}}}
    flux = external("flux")
    lenient = build(flux, root, "apps/base", spec, strict=False)
    assert objects(lenient) == objects(build(engine, root, "apps/base", spec, strict=False))
    for renderer in (flux, engine):
        error = build(renderer, root, "apps/base", spec, strict=True)
        assert (error.code, error.variable) == ("substitution", "domain")


def test_what_git_cannot_tell_becomes_a_placeholder(external: External, engine: Renderer, repo: Repo) -> None:
    root, spec = repo(FLEET), SUBSTITUTIONS["from"]
    variables = (VARIABLES[0], VariableSource("Secret", "vars", complete=False))
    spec = {**spec, "path": "apps/base"}
    variables = (VariableSource("ConfigMap", "vars"), variables[1])
    ours = build(engine, root, "apps/base", spec, variables=variables)
    theirs = build(external("flux"), root, "apps/base", spec, variables=variables)
    assert theirs.placeholders == ours.placeholders == {"domain": "gitops-placeholder-domain"}
    assert objects(theirs) == objects(ours)


def test_a_missing_source_of_variables_is_an_error(external: External, engine: Renderer, repo: Repo) -> None:
    root, spec = repo(FLEET), SUBSTITUTIONS["from"]
    for renderer in (external("flux"), engine):
        assert build(renderer, root, "apps/base", spec).code == "substitution"


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
        "remote", f"the remote base {url} may not be fetched", Location("remote/kustomization.yaml"), url=url
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
