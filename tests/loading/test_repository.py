"""A repository is read without running anything of its own, and whatever it is not gets one clear error."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from fleet_files import kustomization, two_clusters, write_files
from fleet_outcomes import git_repository, loaded

from pytest_gitops import GitopsError, RepositoryError, load
from pytest_gitops.locating import Locator, steps
from pytest_gitops.repository import Repository, find_repository
from pytest_gitops.urls import last_component, normalise


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://github.com/Example-Org/Fleet.git", "github.com/example-org/fleet"),
        ("https://user:secret@GitHub.com/example-org/fleet/", "github.com/example-org/fleet"),
        ("ssh://git@github.com:22/example-org/fleet", "github.com/example-org/fleet"),
        ("git@github.com:example-org/fleet.git", "github.com/example-org/fleet"),
        ("github.com:example-org/fleet", "github.com/example-org/fleet"),
        ("https://git.example.org:8443/Team/Fleet", "git.example.org:8443/Team/Fleet"),
        ("https://git.example.org:443/Team/Fleet", "git.example.org/Team/Fleet"),
        ("oci://ghcr.io/example-org/fleet", "oci://ghcr.io/example-org/fleet"),
        ("https://dev.azure.com/org/My%20Project/_git/fleet", "dev.azure.com/org/My Project/_git/fleet"),
        ("/srv/git/fleet.git", "srv/git/fleet"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_urls(url: str, normal: str) -> None:
    assert normalise(url) == normal


def test_the_last_component_of_a_url() -> None:
    assert last_component("git@github.com:example-org/fleet.git") == "fleet"


def test_what_git_knows(tmp_path: Path) -> None:
    files = {".gitignore": "*.log\n/cache/\n", "a.log": "", "cache/x": "", "kept/b.txt": "", ".gitmodules": MODULES}
    root = git_repository(tmp_path, files, branch="topic")
    subprocess.run(["git", "-C", str(root), "remote", "add", "fork", "git@github.com:me/fleet-infra"], check=True)
    head = root / ".git/refs/remotes/origin/HEAD"
    write_files(head.parent, {"HEAD": "ref: refs/remotes/origin/trunk\n"})
    assert find_repository(root) == Repository(
        root=root,
        toplevel=root,
        urls=frozenset({"github.com/example-org/fleet-infra", "github.com/me/fleet-infra"}),
        branch="topic",
        default_branch="trunk",
        hidden=("a.log", "cache/"),
        submodules=("vendor/lib",),
    )
    assert find_repository(root / "kept").root == root / "kept"


MODULES = '[submodule "lib"]\n\tpath = vendor/lib\n\turl = https://github.com/example-org/lib\n'


def test_nothing_of_the_repository_s_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = git_repository(tmp_path / "repo", two_clusters())
    marker = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {marker}\n")
    script.chmod(0o755)
    for setting in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "credential.helper"):
        subprocess.run(["git", "-C", str(root), "config", setting, str(script)], check=True)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert (find_repository(root).branch, marker.exists()) == ("main", False)


def test_without_git_less_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = git_repository(tmp_path, {})
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert find_repository(root) == Repository(root=root, toplevel=root)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("gone", "there is no such directory; give the path of a GitOps repository"),
        ("file", "this is a file; give the directory of the GitOps repository"),
        ("loop", "can't be read ("),
    ],
)
def test_what_is_no_directory(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(RepositoryError) as caught:
        load(tmp_path / path, engine="bundled")
    assert str(caught.value).startswith(f"{tmp_path / path}: {message}")


def test_an_empty_directory_is_an_empty_fleet(tmp_path: Path) -> None:
    fleet = load(tmp_path, engine="bundled")
    assert (fleet.clusters, fleet.overlays, fleet.notes) == ((), (), ())


def test_an_unknown_engine(tmp_path: Path) -> None:
    with pytest.raises(GitopsError, match="unknown engine 'none': choose one of "):
        load(tmp_path, engine="none")


def test_a_directory_too_deep_in_its_repository(tmp_path: Path) -> None:
    files = {
        "clusters/prod/flux-system/gotk-sync.yaml": kustomization("flux-system", "./deploy/fleet/clusters/prod"),
        "clusters/prod/apps.yaml": kustomization("apps", "./deploy/fleet/apps"),
        "apps/web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n",
    }
    with pytest.raises(RepositoryError) as caught:
        loaded(tmp_path, files)
    assert str(caught.value) == (
        f"{tmp_path}: the Kustomizations' paths begin with deploy/fleet/, which is not here: spec.path is relative to "
        "the repository's root; give the directory that holds deploy/fleet/"
    )


YAML = """\
# A comment.
---
apiVersion: v1
spec:
  path: ./a
  patches:
    - patch: a
    - target:
        kind: B
---
spec:
  path: ./b
"""


@pytest.mark.parametrize(
    ("start", "field", "line"),
    [
        (3, "spec.path", 5),
        (3, "spec.patches[1].target.kind", 9),
        (3, "spec.patches[0]", 7),
        (3, "spec.patches[5]", 6),
        (3, "spec.sourceRef.name", 4),
        (11, "spec.path", 12),
        (None, "spec.path", 5),
    ],
)
def test_lines_of_fields(tmp_path: Path, start: int | None, field: str, line: int) -> None:
    write_files(tmp_path, {"a.yaml": YAML})
    assert Locator(tmp_path).field("a.yaml", start, steps(field)) == line


def test_lines_of_what_is_no_yaml_or_not_there(tmp_path: Path) -> None:
    write_files(tmp_path, {"repo/broken.yaml": "a: [\n", "outside.yaml": "a: b\n"})
    locator = Locator(tmp_path / "repo")
    files = ("broken.yaml", "gone.yaml", "../outside.yaml")
    assert [locator.field(file, 7, ("a",)) for file in files] == [7, 7, 7]


def test_lines_of_variables(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.yaml": "a: ${NAME_2}\nb: $NAME\nc: x${NAME:=y}\n"})
    assert Locator(tmp_path).variable("a.yaml", "NAME") == 3
