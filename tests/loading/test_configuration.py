"""The configuration says what the repository can't, and errors in it say file, line and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import bootstrap, kustomization, overlay, source, two_clusters, write_files
from fleet_outcomes import described, entries, loaded, overlays

from pytest_gitops import ConfigurationError
from pytest_gitops.configuration import ClusterConfiguration, Configuration, read_configuration

FULL = """\
clusters:
  production:
    entry: ./clusters/production/
    flux-version: 2.8.3
    strict-substitution: true
    kubernetes-version: "1.35"
    values:
      DOMAIN: example.org
sources:
  GitRepository/flux-system/apps: ../apps
  https://github.com/example-org/infra: infra
ignore:
  - legacy/*
"""


def test_all_of_it(tmp_path: Path) -> None:
    for directory in ("apps", "fleet/infra"):
        (tmp_path / directory).mkdir(parents=True)
    write_files(tmp_path / "fleet", {".pytest-gitops.yaml": FULL})
    assert read_configuration(tmp_path / "fleet") == Configuration(
        clusters={
            "production": ClusterConfiguration(
                entry="clusters/production",
                flux_version="2.8.3",
                strict_substitution=True,
                kubernetes_version="1.35",
                values={"DOMAIN": "example.org"},
            )
        },
        sources={
            "GitRepository/flux-system/apps": tmp_path / "apps",
            "https://github.com/example-org/infra": tmp_path / "fleet/infra",
        },
        ignore=("legacy/*",),
        file=".pytest-gitops.yaml",
    )


def test_the_same_in_pyproject(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\n\n[tool.pytest-gitops.clusters.production.values]\nDOMAIN = "example.org"\n'
    write_files(tmp_path, {"pyproject.toml": text})
    assert read_configuration(tmp_path) == Configuration(
        clusters={"production": ClusterConfiguration(values={"DOMAIN": "example.org"})}, file="pyproject.toml"
    )


@pytest.mark.parametrize("files", [{}, {"pyproject.toml": "[project]\n"}, {"pyproject.toml": "not toml"}])
def test_none(tmp_path: Path, files: dict[str, str]) -> None:
    assert read_configuration(write_files(tmp_path, files)) == Configuration()


def test_an_empty_file_configures_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, {".pytest-gitops.yaml": "# nothing yet\n"})
    assert read_configuration(tmp_path) == Configuration(file=".pytest-gitops.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cluster: {}\n", ".pytest-gitops.yaml:1: unknown key 'cluster'; did you mean 'clusters'?"),
        (
            "clusters:\n  a:\n    flux-versoin: 2.8.0\n",
            ".pytest-gitops.yaml:3: unknown key 'flux-versoin'; did you mean 'flux-version'?",
        ),
        (
            "clusters:\n  a:\n    xyz: 1\n",
            (
                ".pytest-gitops.yaml:3: unknown key 'xyz'; valid are entry, flux-version, inputs, "
                "kubernetes-version, strict-substitution, values"
            ),
        ),
        (
            "clusters:\n  a:\n    strict-substitution: maybe\n",
            ".pytest-gitops.yaml:3: clusters.a.strict-substitution: 'maybe' is not true or false",
        ),
        (
            "clusters:\n  a:\n    values:\n      PORT: 80\n",
            ".pytest-gitops.yaml:4: clusters.a.values.PORT: 80 is not a text (quote it)",
        ),
        ("- a\n", ".pytest-gitops.yaml:1: the configuration: ['a'] is not a mapping"),
        (
            "snapshots:\n  rules:\n    checksums: off\n    chart-label: off\n",
            (
                ".pytest-gitops.yaml:4: snapshots.rules: there is no rule 'chart-label' to switch; "
                "did you mean 'chart-labels'?"
            ),
        ),
        (
            "snapshots:\n  folder: ../elsewhere\n",
            (
                ".pytest-gitops.yaml:2: snapshots.folder: ../elsewhere is not below the repository's root; "
                "name one that is"
            ),
        ),
        (
            "a: 1\nignore: x\n",
            (
                ".pytest-gitops.yaml:1: unknown key 'a'; valid are checks, clusters, decryption, ignore, inputs, "
                "live, schemas, snapshots, sources\n"
                ".pytest-gitops.yaml:2: ignore: 'x' is not a list"
            ),
        ),
        ("a: [\n", ".pytest-gitops.yaml:2: is not YAML: did not find expected node content"),
        (
            "sources:\n  GitRepository/a/b: nowhere\n",
            (
                ".pytest-gitops.yaml:2: sources.GitRepository/a/b: nowhere is not a directory; give one relative to "
                "the repository's root"
            ),
        ),
    ],
)
def test_errors(tmp_path: Path, text: str, message: str) -> None:
    write_files(tmp_path, {".pytest-gitops.yaml": text})
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(tmp_path)
    assert str(caught.value) == message


def test_conditions_of_custom_resources(tmp_path: Path) -> None:
    text = "live:\n  conditions:\n    Certificate.cert-manager.io: {Ready: true, Issuing: false, Known: Unknown}\n"
    write_files(tmp_path, {".pytest-gitops.yaml": text})

    assert read_configuration(tmp_path).conditions == {
        "Certificate.cert-manager.io": {"Ready": "True", "Issuing": "False", "Known": "Unknown"}
    }


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ("Certificate: {Ready: true}", "live.conditions: 'Certificate' does not match"),
        (
            "Certificate.cert-manager.io: {Ready: 1x}",
            "live.conditions.Certificate.cert-manager.io.Ready: '1x' is not one of",
        ),
    ],
)
def test_conditions_that_can_not_be(tmp_path: Path, conditions: str, message: str) -> None:
    write_files(tmp_path, {".pytest-gitops.yaml": f"live:\n  conditions:\n    {conditions}\n"})

    with pytest.raises(ConfigurationError) as caught:
        read_configuration(tmp_path)
    assert str(caught.value).partition(": ")[2].startswith(message)


def test_errors_in_pyproject_have_lines(tmp_path: Path) -> None:
    text = '[project]\nname = "entry"\n[tool.pytest-gitops.clusters.a]\nentri = "x"\n'
    write_files(tmp_path, {"pyproject.toml": text})
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(tmp_path)
    assert str(caught.value) == "pyproject.toml:4: unknown key 'entri'; did you mean 'entry'?"


def test_two_configurations(tmp_path: Path) -> None:
    write_files(tmp_path, {".pytest-gitops.yaml": "ignore: []\n", "pyproject.toml": "[tool.pytest-gitops]\n"})
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(tmp_path)
    assert str(caught.value) == (
        ".pytest-gitops.yaml and [tool.pytest-gitops] of pyproject.toml both configure pytest-gitops; keep one of them"
    )


def test_a_configured_entry_is_a_cluster_of_that_name(tmp_path: Path) -> None:
    files = {
        **bootstrap("production"),
        "odd/place/apps.yaml": kustomization("apps", "./apps"),
        "apps/kustomization.yaml": overlay(),
        ".pytest-gitops.yaml": "clusters:\n  odd: {entry: odd/place}\n  prod: {entry: clusters/production}\n",
    }
    assert entries(loaded(tmp_path, files)) == {"prod": "clusters/production", "odd": "odd/place"}


def test_settings_of_a_cluster_that_is_found_by_itself(tmp_path: Path) -> None:
    text = "clusters:\n  staging:\n    flux-version: 2.7.0\n    kubernetes-version: '1.34'\n"
    fleet = loaded(tmp_path, two_clusters() | {".pytest-gitops.yaml": text})
    assert [(c.name, c.flux_version, c.strict_substitution, dict(c.settings)) for c in fleet.clusters] == [
        ("production", "v2.9.5", True, {}),
        ("staging", "2.7.0", False, {"kubernetes_version": "1.34"}),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "clusters: {stagging: {}}\n",
            (
                ".pytest-gitops.yaml: clusters.stagging: there is no such cluster; did you mean 'staging'? A cluster "
                "that isn't found by itself needs `entry: DIRECTORY`"
            ),
        ),
        (
            "clusters: {other: {entry: clusters/other}}\n",
            (
                ".pytest-gitops.yaml: clusters.other.entry: there is no directory clusters/other in the repository; "
                "give the directory that the cluster was bootstrapped with"
            ),
        ),
    ],
)
def test_clusters_that_are_not_there(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, two_clusters() | {".pytest-gitops.yaml": text})
    assert str(caught.value) == message


def test_ignored_directories(tmp_path: Path) -> None:
    files = two_clusters() | {".pytest-gitops.yaml": "ignore: [clusters/stag*, apps/canary]\n"}
    fleet = loaded(tmp_path, files)
    assert (entries(fleet), overlays(fleet)) == (
        {"production": "clusters/production"},
        {"apps/staging": "ConfigMap/web/web-staging"},
    )


def test_configured_sources(tmp_path: Path) -> None:
    web = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: there\n"
    write_files(tmp_path / "sibling", {"apps/there.yaml": web})
    files = {
        **bootstrap("prod"),
        "clusters/prod/apps.yaml": source("apps", "https://github.com/example-org/apps")
        + "---\n"
        + kustomization("apps", "./apps", source="apps"),
        ".pytest-gitops.yaml": "sources:\n  ssh://git@github.com/example-org/apps.git: ../sibling\n",
    }
    assert described(loaded(tmp_path / "fleet", files)["prod"]["apps"].outcome) == "ConfigMap/there"
