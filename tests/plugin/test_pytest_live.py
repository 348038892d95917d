"""The options that say which live checks are made, and in what clusters; alone and with workers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Run

from pytest_gitops.live.providers import PROVIDERS
from pytest_gitops.live_options import PROVIDERS as NAMES

Fake = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("healthy")


def said(result: pytest.RunResult) -> str:
    """Return what a run that was refused says of it."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line.startswith("ERROR: ")]
    return line.removeprefix("ERROR: ")


def told(result: pytest.RunResult, headline: str) -> list[str]:
    """Return what the findings that begin with a headline go on to say, each once."""
    lines = [line for line in result.outlines if headline in line and not line.startswith("FAILED ")]
    return list(dict.fromkeys(line.rpartition(headline)[2] for line in lines))


def unavailable(result: pytest.RunResult) -> list[str]:
    """Return why there was no cluster to ask."""
    return told(result, "no object was applied: ")


def unreconciled(result: pytest.RunResult) -> list[str]:
    """Return why there was no cluster to reconcile in."""
    return told(result, "nothing was reconciled: ")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Put programs on PATH, and nothing else but what a shell needs; each notes what it was asked for in a file."""
    directory = tmp_path / "programs"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.delenv("KIND_EXPERIMENTAL_PROVIDER", raising=False)
    noted = tmp_path / "noted"

    def put(name: str, script: str = "exit 0") -> Path:
        program = directory / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {noted}\n{script}\n')
        program.chmod(0o755)
        return noted

    return put


def test_the_names_that_are_offered_are_those_of_the_providers() -> None:
    assert list(NAMES) == list(PROVIDERS)


@pytest.mark.parametrize("option", ["--gitops-apply", "--gitops-reconcile"])
def test_an_unknown_provider_is_told_with_those_there_are(run: Run, option: str) -> None:
    assert said(run(f"{option}=hermatic")) == (
        f"{option}: 'hermatic' is not one of hermetic, kind, existing; write {option}=NAME, or {option} last"
    )


def test_a_run_has_one_provider(run: Run) -> None:
    assert said(run("--gitops-apply=hermetic", "--gitops-reconcile=kind")) == (
        "--gitops-apply and --gitops-reconcile name different providers: one run has one"
    )


@pytest.mark.parametrize(
    "option",
    [
        "--gitops-kind-image=kindest/node:v1.36.3",
        "--gitops-kind-load=web:1",
        "--gitops-flux-install=pytest.ini",
        "--gitops-keep-cluster",
    ],
)
def test_what_is_about_kind_is_refused_for_others(run: Run, option: str) -> None:
    name = option.partition("=")[0]
    assert said(run("--gitops-apply", option)) == f"{name} is about the provider kind, and this run has hermetic"


@pytest.mark.parametrize("option", ["--gitops-kube-context=staging=mine", "--gitops-kubeconfig=pytest.ini"])
def test_what_is_about_existing_clusters_is_refused_for_others(run: Run, option: str) -> None:
    name = option.partition("=")[0]
    assert said(run("--gitops-apply", option)) == f"{name} is about the provider existing, and this run has hermetic"


# kind


def test_without_kind_it_says_what_to_install(run: Run, fake: Fake) -> None:
    fake("docker")
    assert unavailable(run("--gitops-apply=kind")) == [
        "there is no program kind on PATH: install it (https://kind.sigs.k8s.io), or choose another provider"
    ]


def test_without_a_container_engine_it_says_so(run: Run, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake("kind")
    monkeypatch.setenv("KIND_EXPERIMENTAL_PROVIDER", "podman")
    assert unavailable(run("--gitops-apply=kind")) == [
        "kind needs a container engine, and there is no podman on PATH: install one"
    ]


def test_an_engine_that_is_not_supported_is_told(run: Run, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake("kind")
    monkeypatch.setenv("KIND_EXPERIMENTAL_PROVIDER", "nerdctl")
    assert unavailable(run("--gitops-apply=kind")) == [
        "KIND_EXPERIMENTAL_PROVIDER=nerdctl: only docker and podman are supported"
    ]


def test_a_container_engine_that_does_not_answer_is_told_with_its_words(run: Run, fake: Fake) -> None:
    fake("kind")
    fake("docker", "echo 'Is the docker daemon running?' >&2; exit 1")
    assert unavailable(run("--gitops-apply=kind")) == [
        "docker doesn't answer, start it or choose another provider: docker version: Is the docker daemon running?"
    ]


PULL = """\
case "$1" in
create) echo 'Creating cluster "gitops" ...'; echo 'ERROR: failed to create cluster: failed to pull image' >&2; exit 1
esac
"""


@pytest.mark.parametrize("how", ["option", "ini", "both"])
def test_a_node_image_is_chosen(run: Run, fake: Fake, pytester: pytest.Pytester, how: str) -> None:
    fake("docker")
    noted = fake("kind", PULL)
    chosen = "example.com/node:v1.36.3"
    if how != "option":
        pytester.makeini(f"[pytest]\ngitops_kind_image = {chosen if how == 'ini' else 'example.com/other:v1'}\n")

    result = run("--gitops-apply=kind", *(() if how == "ini" else (f"--gitops-kind-image={chosen}",)))

    assert unavailable(result) == [
        f"the node image {chosen} can't be had; name one that is here with --gitops-kind-image:"
    ]
    created = [line.split() for line in noted.read_text().splitlines() if line.startswith("kind create cluster ")]
    assert {line[line.index("--image") + 1] for line in created} == {chosen}


def test_a_version_that_the_configuration_declares_is_an_image(run: Run, fake: Fake, pytester: pytest.Pytester) -> None:
    fake("docker")
    noted = fake("kind", PULL)
    (pytester.path / ".pytest-gitops.yaml").write_text(
        "clusters:\n  production:\n    kubernetes-version: 1.35.2\n  staging:\n    kubernetes-version: '1.34'\n"
    )

    run("--gitops-apply=kind", "--gitops-cluster=production")
    run("--gitops-apply=kind", "--gitops-cluster=staging")

    first, second = [line for line in noted.read_text().splitlines() if line.startswith("kind create cluster ")]
    assert " --image kindest/node:v1.35.2" in first
    assert " --image " not in second


def test_what_could_not_be_made_is_deleted(run: Run, fake: Fake) -> None:
    fake("docker")
    noted = fake("kind", PULL)

    run("--gitops-apply=kind", "--gitops-keep-cluster")

    lines = [line.split() for line in noted.read_text().splitlines()]
    made = {line[line.index("--name") + 1] for line in lines if line[:2] == ["kind", "create"]}
    deleted = {line[line.index("--name") + 1] for line in lines if line[:2] == ["kind", "delete"]}
    assert made
    assert made == deleted


@pytest.mark.parametrize("how", ["option", "ini"])
def test_an_archive_to_load_has_to_be_there(run: Run, pytester: pytest.Pytester, how: str) -> None:
    if how == "ini":
        pytester.makeini("[pytest]\ngitops_kind_load =\n    web:1\n    images/web.tar\n")
    name = "--gitops-kind-load" if how == "option" else "gitops_kind_load"

    result = run("--gitops-apply=kind", *(["--gitops-kind-load=images/web.tar"] if how == "option" else []))

    assert said(result) == f"{name}: there is no file images/web.tar (looked for {pytester.path}/images/web.tar)"


INSTALL = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: source-controller, namespace: flux-system}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kustomize-controller, namespace: flux-system}
"""


@pytest.mark.parametrize("how", ["option", "ini"])
def test_an_image_to_load_has_to_be_there(run: Run, fake: Fake, pytester: pytest.Pytester, how: str) -> None:
    fake("kind", PULL)
    fake("docker", 'case "$*" in "image inspect web:1") exit 1;; esac')
    (pytester.path / "flux.yaml").write_text(INSTALL)
    if how == "ini":
        pytester.makeini("[pytest]\ngitops_flux_install = flux.yaml\ngitops_kind_load =\n    here:1\n    web:1\n")
        options = []
    else:
        options = ["--gitops-flux-install=flux.yaml", "--gitops-kind-load=here:1", "--gitops-kind-load=web:1"]

    assert unreconciled(run("--gitops-reconcile=kind", *options)) == [
        "docker has no image web:1 to load into the cluster: give docker pull web:1 first"
    ]


def test_a_repository_without_flux_is_told_how_to_name_one(run: Run, fake: Fake) -> None:
    fake("kind")
    fake("docker")

    complaint = (
        "the repository holds no Flux to install in a kind cluster for staging (a gotk-components.yaml with the "
        "controllers): write it with flux install --export --version=v2.9.5 > flux.yaml and give "
        "--gitops-flux-install=flux.yaml"
    )

    assert unreconciled(run("--gitops-reconcile=kind", "--gitops-cluster=staging")) == [complaint]


def test_a_flux_to_install_has_to_be_there(run: Run, pytester: pytest.Pytester) -> None:
    assert said(run("--gitops-reconcile=kind", "--gitops-flux-install=flux.yaml")) == (
        f"--gitops-flux-install: there is no file flux.yaml (looked for {pytester.path}/flux.yaml)"
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: [", "the Flux installation {file} can't be read: while parsing a flow node"),
        (
            INSTALL.partition("---")[0],
            "{file} is no Flux installation, it has no kustomize-controller: write it with flux install --export",
        ),
    ],
    ids=["no YAML", "no controller"],
)
def test_a_flux_to_install_has_to_be_one(
    run: Run, fake: Fake, pytester: pytest.Pytester, text: str, complaint: str
) -> None:
    fake("kind")
    fake("docker")
    file = pytester.path / "flux.yaml"
    file.write_text(text)

    assert unreconciled(run("--gitops-reconcile=kind", "--gitops-flux-install=flux.yaml")) == [
        complaint.format(file=file)
    ]


# existing


def test_an_existing_cluster_has_to_be_named(run: Run) -> None:
    assert said(run("--gitops-apply=existing")) == (
        "--gitops-apply=existing: name a cluster with --gitops-kube-context=CLUSTER=CONTEXT"
    )


@pytest.mark.parametrize("how", ["ini", "environment"])
def test_an_existing_cluster_is_named_on_the_command_line_itself(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    options = "--gitops-apply=existing --gitops-kube-context=staging=mine"
    if how == "ini":
        pytester.makeini(f"[pytest]\naddopts = {options}\n")
    else:
        monkeypatch.setenv("PYTEST_ADDOPTS", options)

    assert said(run()) == (
        "--gitops-kube-context=staging=mine has to be written on the command line: "
        "no ini file can name a cluster of yours"
    )


@pytest.mark.parametrize("text", ["mine", "=mine", "staging="])
def test_a_context_is_one_of_a_cluster(run: Run, text: str) -> None:
    assert said(run("--gitops-apply=existing", "--gitops-kube-context", text)) == (
        f"--gitops-kube-context: {text!r} is not CLUSTER=CONTEXT; write for example staging=kind-staging"
    )


def test_nothing_is_reconciled_in_an_existing_cluster(run: Run) -> None:
    assert said(run("--gitops-reconcile=existing", "--gitops-kube-context=staging=mine")) == (
        "--gitops-reconcile: an existing cluster is only asked; give --gitops-apply=existing, or another provider"
    )


def test_a_kubeconfig_has_to_be_there(run: Run, pytester: pytest.Pytester) -> None:
    result = run("--gitops-apply=existing", "--gitops-kube-context=staging=mine", "--gitops-kubeconfig=absent")
    assert said(result) == f"--gitops-kubeconfig: there is no file absent (looked for {pytester.path}/absent)"
