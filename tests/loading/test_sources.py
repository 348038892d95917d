"""A source is the work tree only where it is the repository; anything else is said, and holds nobody up."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import URL, Files, bootstrap, kustomization, overlay, source
from fleet_outcomes import described, loaded

from pytest_gitops import load
from pytest_gitops.model import Kustomization
from pytest_gitops.repository import Repository
from pytest_gitops.sources import SourceKey, SourceMap

WEB = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n"


def files_with(other: str, name: str = "other", kind: str = "GitRepository") -> Files:
    """Return a cluster with a Kustomization from another source, and one that depends on it."""
    apps = kustomization("apps", "./apps", source=name).replace("kind: GitRepository", f"kind: {kind}")
    return {
        **bootstrap("prod"),
        "clusters/prod/other.yaml": other,
        "clusters/prod/apps.yaml": apps,
        "clusters/prod/later.yaml": kustomization("later", "./apps", extra="dependsOn:\n  - name: apps\n"),
        "apps/web.yaml": WEB,
    }


def apps_of(tmp_path: Path, files: Files, **options: object) -> Kustomization:
    """Return the Kustomization apps; the one that depends on it is always rendered."""
    cluster = loaded(tmp_path, files, **options)["prod"]
    assert described(cluster["later"].outcome) == "ConfigMap/web"
    return cluster["apps"]


@pytest.mark.parametrize(
    "url",
    [
        URL,
        f"{URL}.git",
        f"{URL}/",
        "https://user@GitHub.com/example-org/fleet-infra",
        "ssh://git@github.com/example-org/fleet-infra",
        "ssh://git@github.com:22/example-org/fleet-infra.git",
    ],
)
def test_the_repository_by_any_form_of_its_url(tmp_path: Path, url: str) -> None:
    assert described(apps_of(tmp_path, files_with(source("other", url))).outcome) == "ConfigMap/web"


ADVICE = "give a local directory for it with `sources: {{{}: DIRECTORY}}`"
GIT = ADVICE.format("GitRepository/flux-system/other")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            source("other", "https://github.com/example-org/apps"),
            f"(https://github.com/example-org/apps) is not this repository and is not available here; {GIT}",
        ),
        (
            source("other", URL).replace("branch: main", "branch: dev"),
            f"is this repository's branch dev, and the one under test is main; {GIT}",
        ),
        (
            source("other", URL).replace("branch: main", "tag: v1.0.0"),
            f"is this repository at tag v1.0.0, which is not checked out here; {GIT}",
        ),
        (
            source("other", URL).replace("branch: main", "branch: main\n    commit: 0a1b2c"),
            f"is this repository at commit 0a1b2c, which is not checked out here; {GIT}",
        ),
        (
            source("other", URL).replace("branch: main", "name: refs/heads/dev"),
            f"is this repository's branch dev, and the one under test is main; {GIT}",
        ),
    ],
)
def test_another_repository_branch_or_version_is_skipped(tmp_path: Path, text: str, reason: str) -> None:
    outcome = described(apps_of(tmp_path, files_with(text)).outcome)
    assert outcome == f"skipped: source GitRepository/flux-system/other {reason}"


@pytest.mark.parametrize("key", ["GitRepository/flux-system/other", "git@github.com:example-org/apps.git"])
def test_a_mapped_directory_stands_for_its_source(tmp_path: Path, key: str) -> None:
    sibling = tmp_path / "sibling"
    (sibling / "apps").mkdir(parents=True)
    (sibling / "apps/there.yaml").write_text(WEB.replace("web", "there"))
    files = files_with(source("other", "https://github.com/example-org/apps"))
    apps = apps_of(tmp_path / "fleet", files, sources={key: sibling})
    assert (described(apps.outcome), apps.directory) == ("ConfigMap/there", sibling)
    assert apps.rendered is not None
    assert apps.rendered.resources[0].origin == "../sibling/apps/there.yaml"


OCI = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata:\n  name: other\n  namespace: flux-system\n"
    "spec:\n  interval: 5m\n  url: oci://ghcr.io/example-org/manifests\n  ref:\n    tag: latest\n"
)


def test_an_artifact_of_a_registry_is_skipped(tmp_path: Path) -> None:
    advice = ADVICE.format("OCIRepository/flux-system/other")
    assert described(apps_of(tmp_path, files_with(OCI, kind="OCIRepository")).outcome) == (
        "skipped: source OCIRepository/flux-system/other (oci://ghcr.io/example-org/manifests) is not this repository "
        f"and is not available here; {advice}"
    )


def test_a_source_that_nothing_declares_fails_at_its_reference(tmp_path: Path) -> None:
    files = files_with(source("other", URL), name="othr")
    apps = apps_of(tmp_path, files)
    assert described(apps.outcome) == (
        "failed: source-not-found clusters/prod/apps.yaml:12 source GitRepository/flux-system/othr not found: nothing "
        "in the cluster declares it"
    )
    (finding,) = apps.outcome.findings  # type: ignore[union-attr]
    assert finding.remedy == "did you mean GitRepository/flux-system/other?"
    assert [str(place) for place in finding.chain] == ["clusters/prod/flux-system/gotk-sync.yaml:12"]


def test_a_source_that_a_sibling_declares_is_waited_for(tmp_path: Path) -> None:
    files = files_with(kustomization("sources", "./sources"))
    files["sources/other.yaml"] = source("other", URL)
    assert described(apps_of(tmp_path, files).outcome) == "ConfigMap/web"


def test_a_source_that_a_skipped_part_may_declare_is_a_skip(tmp_path: Path) -> None:
    files = files_with(source("elsewhere", "https://github.com/example-org/apps"), name="tenants")
    files["clusters/prod/more.yaml"] = kustomization("more", "./", source="elsewhere")
    assert described(apps_of(tmp_path, files).outcome) == (
        "skipped: source GitRepository/flux-system/tenants is declared by nothing that was rendered; "
        "Kustomization/flux-system/more, which was not rendered, may hold it"
    )


def test_a_kind_that_is_no_source(tmp_path: Path) -> None:
    assert described(apps_of(tmp_path, files_with("", kind="HelmRepository")).outcome) == (
        "failed: source-not-found clusters/prod/apps.yaml:11 source 'other' kind 'HelmRepository' not supported"
    )


def test_the_ignore_rules_of_a_source(tmp_path: Path) -> None:
    text = source("other", URL) + "  ignore: |\n    /apps/secret.yaml\n    /gone/\n"
    files = files_with(text)
    files["apps/secret.yaml"] = WEB.replace("web", "secret")
    files["gone/web.yaml"] = WEB
    files["clusters/prod/gone.yaml"] = kustomization("gone", "./gone", source="other")
    cluster = loaded(tmp_path, files)["prod"]
    assert described(cluster["apps"].outcome) == "ConfigMap/web"
    assert described(cluster["later"].outcome) == "ConfigMap/secret, ConfigMap/web"
    assert described(cluster["gone"].outcome).startswith("failed: path-not-found clusters/prod/gone.yaml:8 ")


def test_included_artifacts(tmp_path: Path) -> None:
    sibling = tmp_path / "sibling"
    (sibling / "deploy").mkdir(parents=True)
    (sibling / "deploy/there.yaml").write_text(WEB.replace("web", "there"))
    include = "  include:\n    - repository:\n        name: lib\n      fromPath: deploy\n      toPath: apps/lib\n"
    text = source("other", URL) + include + "---\n" + source("lib", "https://github.com/example-org/lib")
    files = files_with(text)
    apps = apps_of(tmp_path / "mapped", files, sources={"GitRepository/flux-system/lib": sibling})
    assert described(apps.outcome) == "ConfigMap/there, ConfigMap/web"
    assert apps.rendered is not None
    assert [r.origin for r in apps.rendered.resources] == ["../sibling/deploy/there.yaml", "apps/web.yaml"]
    assert described(apps_of(tmp_path / "unmapped", files).outcome) == (
        "skipped: source GitRepository/flux-system/other includes GitRepository/flux-system/lib "
        "(https://github.com/example-org/lib) is not this repository and is not available here; "
        "give a local directory for it with `sources: {GitRepository/flux-system/lib: DIRECTORY}`"
    )


def test_an_entry_without_declared_source(tmp_path: Path) -> None:
    files = {
        "clusters/prod/a.yaml": kustomization("a", "./apps", source="fleet"),
        "clusters/prod/b.yaml": kustomization("b", "./apps", source="fleet"),
        "apps/web.yaml": WEB,
    }
    cluster = loaded(tmp_path, files)["prod"]
    assert [described(cluster[name].outcome) for name in ("a", "b")] == ["ConfigMap/web", "ConfigMap/web"]


def test_an_entry_that_names_several_undeclared_sources(tmp_path: Path) -> None:
    files = {
        "clusters/prod/a.yaml": kustomization("a", "./apps"),
        "clusters/prod/b.yaml": kustomization("b", "./apps", source="tenants"),
        "apps/web.yaml": WEB,
    }
    cluster = loaded(tmp_path, files)["prod"]
    assert [described(cluster[name].outcome) for name in ("a", "b")] == [
        "ConfigMap/web",
        (
            "skipped: source GitRepository/flux-system/tenants is declared by nothing that was rendered; "
            "what the cluster was bootstrapped with may hold it"
        ),
    ]


def test_the_branch_of_the_entry_s_own_source_counts(tmp_path: Path) -> None:
    files = {name: text.replace("branch: main", "branch: production") for name, text in bootstrap("prod").items()}
    files["clusters/prod/other.yaml"] = source("other", URL) + "---\n" + kustomization("b", "./apps", source="other")
    files["clusters/prod/same.yaml"] = source("same", URL).replace("main", "production")
    files["clusters/prod/same-apps.yaml"] = kustomization("a", "./apps", source="same")
    files["apps/web.yaml"] = WEB
    cluster = loaded(tmp_path, files)["prod"]
    assert described(cluster["a"].outcome) == "ConfigMap/web"
    assert described(cluster["b"].outcome) == (
        f"skipped: source GitRepository/flux-system/other is this repository's branch main, and the one under test is "
        f"production; {GIT}"
    )


def test_a_directory_without_git_is_known_by_its_entry(tmp_path: Path) -> None:
    from fleet_files import two_clusters, write_files  # noqa: PLC0415

    fleet = load(write_files(tmp_path, two_clusters()), engine="bundled")
    assert [len([k for k in cluster.kustomizations if k.rendered]) for cluster in fleet.clusters] == [2, 2]


def test_an_oci_artifact_of_another_version_is_no_own_source(tmp_path: Path) -> None:
    sources = SourceMap(Repository(tmp_path), {})
    own, other = (SourceKey("OCIRepository", "flux-system", name) for name in ("flux-system", "other"))
    spec = {"url": "oci://ghcr.io/example-org/fleet", "ref": {"tag": "latest"}}
    sources.adopt(own)
    sources.declare_own({"kind": "OCIRepository", "spec": spec})
    places = [sources.place(other, {"spec": {**spec, "ref": {"tag": tag}}}) for tag in ("latest", "v1")]
    assert [place.directory for place in places] == [tmp_path, None]
    assert overlay


def test_a_source_that_only_the_bootstrap_made_is_listed(tmp_path: Path) -> None:
    files = {"clusters/prod/a.yaml": kustomization("a", "./apps"), "apps/web.yaml": WEB}
    assert [(str(s.id), s.location, s.directory) for s in loaded(tmp_path, files)["prod"].sources] == [
        ("GitRepository/flux-system/flux-system", None, tmp_path)
    ]
