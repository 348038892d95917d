"""ArtifactGenerators put ExternalArtifacts together as source-watcher does."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from fleet_files import Files, bootstrap, config_map, kustomization
from fleet_outcomes import described, loaded

from pytest_gitops.model import Failed
from pytest_gitops.recursion.globs import excluded, matching

GENERATOR = """\
apiVersion: source.extensions.fluxcd.io/v1beta1
kind: ArtifactGenerator
metadata: {{name: parts, namespace: flux-system}}
spec:
  sources:
    - {{alias: repo, kind: GitRepository, name: flux-system}}
  artifacts:
    - name: apps
      originRevision: "@repo"
      copy:
{copies}
"""


def fleet(*copies: str, **more: str) -> Files:
    lines = "\n".join(f"        - {copy}" for copy in copies)
    apps = kustomization("apps", "./", source="apps").replace("kind: GitRepository", "kind: ExternalArtifact")
    return {
        **bootstrap("prod"),
        "clusters/prod/generator.yaml": GENERATOR.format(copies=lines),
        "clusters/prod/apps.yaml": apps,
        "apps/web/web.yaml": config_map("web"),
        "apps/web/notes.md": "# Notes\n",
        "apps/api/api.yaml": config_map("api"),
        "apps/api/deep/more.yaml": config_map("more"),
        **more,
    }


def archive(path: Path, files: Mapping[str, str]) -> None:
    """Write a tarball of files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as opened:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            opened.addfile(member, io.BytesIO(text.encode()))


@pytest.mark.parametrize(
    ("copies", "outcome"),
    [
        (['{from: "@repo/apps/**", to: "@artifact/"}'], "ConfigMap/api/api, ConfigMap/more/more, ConfigMap/web/web"),
        (['{from: "@repo/apps/web/**", to: "@artifact/here/"}'], "ConfigMap/web/web"),
        (['{from: "@repo/apps", to: "@artifact/", exclude: ["**/deep/**", web.yaml]}'], "ConfigMap/api/api"),
        (['{from: "@repo/apps/*/*.yaml", to: "@artifact/"}'], "ConfigMap/api/api, ConfigMap/web/web"),
        (['{from: "@repo/apps/web/web.yaml", to: "@artifact/renamed.yaml"}'], "ConfigMap/web/web"),
        (
            [
                '{from: "@repo/apps/web/web.yaml", to: "@artifact/one.yaml"}',
                '{from: "@repo/apps/api/api.yaml", to: "@artifact/one.yaml"}',
            ],
            "ConfigMap/api/api",
        ),
        (
            [
                '{from: "@repo/apps/web/web.yaml", to: "@artifact/one.yaml"}',
                '{from: "@repo/patch.yaml", to: "@artifact/one.yaml", strategy: Merge}',
            ],
            "ConfigMap/web/patched",
        ),
        (
            [
                '{from: "@repo/apps/nothing/**", to: "@artifact/", optional: true}',
                '{from: "@repo/apps/web/**", to: "@artifact/"}',
            ],
            "ConfigMap/web/web",
        ),
    ],
)
def test_what_is_copied(tmp_path: Path, copies: list[str], outcome: str) -> None:
    fleet_files = fleet(*copies, **{"patch.yaml": "metadata: {name: patched}\n"})
    apps = loaded(tmp_path, fleet_files)["prod"]["apps"]
    assert described(apps.outcome) == outcome


def test_a_chart_is_unpacked_into_an_artifact(tmp_path: Path) -> None:
    archive(
        tmp_path / "charts" / "web-1.2.3.tgz",
        {"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\n", "web/files/map.yaml": config_map("brought")},
    )
    source = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: {}\nmetadata: {{name: {}, namespace: flux-system}}\nspec: {}\n"
    )
    files = fleet('{from: "@repo/web/files/**", to: "@artifact/"}')
    files["clusters/prod/generator.yaml"] = files["clusters/prod/generator.yaml"].replace(
        "kind: GitRepository, name: flux-system", "kind: HelmChart, name: web"
    )
    files["clusters/prod/chart.yaml"] = "---\n".join(
        (
            source.format("HelmRepository", "charts", "{interval: 1h, url: https://charts.example.com}"),
            source.format(
                "HelmChart", "web", "{interval: 1h, chart: web, sourceRef: {kind: HelmRepository, name: charts}}"
            ),
        )
    )
    mapped = {"https://charts.example.com": tmp_path / "charts"}
    apps = loaded(tmp_path / "fleet", files, sources=mapped)["prod"]["apps"]
    assert described(apps.outcome) == "ConfigMap/brought/brought"


def test_a_tarball_is_extracted(tmp_path: Path) -> None:
    archive(tmp_path / "packed.tgz", {"map.yaml": config_map("packed")})
    files = fleet('{from: "@repo/packed.tgz", to: "@artifact/", strategy: Extract}')
    apps = loaded(tmp_path, files)["prod"]["apps"]
    assert described(apps.outcome) == "ConfigMap/packed/packed"


def test_an_artifact_that_is_called_like_one_that_is_made(tmp_path: Path) -> None:
    files = fleet('{from: "@repo/apps/**", to: "@artifact/"}')
    files["clusters/prod/apps.yaml"] = files["clusters/prod/apps.yaml"].replace("    name: apps\n", "    name: app\n")
    apps = loaded(tmp_path, files)["prod"]["apps"]
    assert isinstance(apps.outcome, Failed), described(apps.outcome)
    (finding,) = apps.outcome.findings
    assert (finding.rule, str(finding.location), finding.remedy) == (
        "source-not-found",
        "clusters/prod/apps.yaml:12",
        "did you mean apps?",
    )


def test_files_are_told_where_they_come_from(tmp_path: Path) -> None:
    apps = loaded(tmp_path, fleet('{from: "@repo/apps/**", to: "@artifact/moved/"}'))["prod"]["apps"]
    assert apps.rendered is not None
    assert [resource.origin for resource in apps.rendered] == [
        "apps/api/api.yaml",
        "apps/api/deep/more.yaml",
        "apps/web/web.yaml",
    ]


@pytest.mark.parametrize(
    ("copy", "line", "message"),
    [
        ('{from: "@repo/none/**", to: "@artifact/"}', 11, "can't copy @repo/none/** to @artifact/: no files match"),
        ('{from: "@repo/none", to: "@artifact/"}', 11, "can't copy @repo/none to @artifact/: there is no none"),
        (
            '{from: "@other/apps/**", to: "@artifact/"}',
            11,
            "can't copy @other/apps/** to @artifact/: there is no source with the alias 'other', only repo",
        ),
        (
            '{from: "@repo/apps/**", to: "@artifact/../.."}',
            11,
            "can't copy @repo/apps/** to @artifact/../..: to must not leave the artifact",
        ),
        (
            '{from: "@repo/apps/web/web.yaml", to: "@artifact/", strategy: Extract}',
            11,
            "can't copy @repo/apps/web/web.yaml to @artifact/: apps/web/web.yaml is no tarball (.tar.gz, .tgz)",
        ),
    ],
)
def test_what_source_watcher_refuses(tmp_path: Path, copy: str, line: int, message: str) -> None:
    apps = loaded(tmp_path, fleet(copy))["prod"]["apps"]
    assert described(apps.outcome) == f"failed: artifact clusters/prod/generator.yaml:{line} {message}"


def test_an_artifact_of_a_source_elsewhere(tmp_path: Path) -> None:
    files = fleet('{from: "@repo/apps/**", to: "@artifact/"}')
    files["clusters/prod/generator.yaml"] = files["clusters/prod/generator.yaml"].replace(
        "name: flux-system}", "name: x}"
    )
    apps = loaded(tmp_path, files)["prod"]["apps"]
    assert described(apps.outcome) == (
        "failed: source-not-found clusters/prod/generator.yaml:6 source GitRepository/flux-system/x not found: "
        "nothing in the cluster declares it"
    )


PATHS = ["a", "a/b", "a/b/c.yaml", "a/d.yaml", "x.md"]


@pytest.mark.parametrize(
    ("pattern", "flat", "deep"),
    [
        ("**", ["a", "x.md"], PATHS),
        ("a/**", ["a/b", "a/d.yaml"], ["a", "a/b", "a/b/c.yaml", "a/d.yaml"]),
        ("**/*.yaml", ["a/d.yaml"], ["a/b/c.yaml", "a/d.yaml"]),
        ("a/[^b]*", ["a/d.yaml"], ["a/d.yaml"]),
        ("*.{md,yaml}", [], ["x.md"]),
        ("a/?", ["a/b"], ["a/b"]),
    ],
)
def test_globs(pattern: str, flat: list[str], deep: list[str]) -> None:
    assert (matching(pattern, PATHS, deep=False), matching(pattern, PATHS, deep=True)) == (flat, deep)


def test_exclusions_are_about_the_path_what_is_below_the_base_and_the_name() -> None:
    assert [excluded("docs/a/x.md", "docs", [p]) for p in ("*.md", "a/**", "docs/**", "b/**")] == [
        True,
        True,
        True,
        False,
    ]


def test_a_glob_with_too_many_alternatives() -> None:
    with pytest.raises(ValueError, match="more than 256 alternatives"):
        matching("{a,b}" * 9, PATHS, deep=True)
