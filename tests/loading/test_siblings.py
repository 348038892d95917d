"""The repositories of a fleet, checked out side by side, are one run: found by name, by URL, or by a glob of either."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import Files, bootstrap, config_map, kustomization, write_files
from fleet_outcomes import described, loaded, outcomes

from pytest_gitops.checks import FleetIndex, Selection, built_in, run
from pytest_gitops.sources import exists
from pytest_gitops.validation import SchemaJudge

SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: {name}, namespace: flux-system}}
spec: {{interval: 1m, url: "oci://ghcr.io/example-org/apps/{name}", ref: {{tag: latest}}}}
"""


def fleet() -> Files:
    parts = []
    for name in ("web", "api"):
        part = kustomization(name, "./deploy", source=name).replace("kind: GitRepository", "kind: OCIRepository")
        parts += [SOURCE.format(name=name), part]
    return {**bootstrap("prod"), "clusters/prod/apps.yaml": "---\n".join(parts)}


def siblings(root: Path) -> Path:
    """Write the other repository, with a folder for each artifact."""
    components = {f"components/{name}/deploy/config.yaml": config_map(name) for name in ("web", "api")}
    return write_files(root / "apps", components)


@pytest.mark.parametrize(
    ("key", "directory"),
    [
        ("oci://ghcr.io/example-org/apps/*", "components/*"),
        ("oci://ghcr.io/*/apps/*", "../*"),
        ("OCIRepository/flux-system/*", "components/*"),
    ],
)
def test_a_glob_stands_for_each_part_of_a_key(tmp_path: Path, key: str, directory: str) -> None:
    other = siblings(tmp_path)
    # A directory with fewer stars than the key takes the first texts.
    mapped = {key: other / directory} if "../" not in directory else {key: tmp_path / "*" / "components" / "*"}
    if "../" in directory:
        (tmp_path / "example-org").symlink_to(other)
    found = outcomes(loaded(tmp_path / "fleet", fleet(), sources=mapped))["prod"]
    assert (found["flux-system/web"], found["flux-system/api"]) == ("ConfigMap/web/web", "ConfigMap/api/api")


def test_what_has_no_directory_of_its_own_is_skipped(tmp_path: Path) -> None:
    other = write_files(tmp_path / "apps", {"components/web/deploy/config.yaml": config_map("web")})
    cluster = loaded(tmp_path / "fleet", fleet(), sources={"OCIRepository/*/*": other / "components"})["prod"]
    assert {name: described(cluster[name].outcome).partition(" ")[0] for name in ("web", "api")} == {
        "web": "failed:",
        "api": "failed:",
    }
    cluster = loaded(tmp_path / "fleet", fleet(), sources={"OCIRepository/flux-system/*": other / "components/*"})[
        "prod"
    ]
    assert described(cluster["web"].outcome) == "ConfigMap/web/web"
    assert described(cluster["api"].outcome).startswith("skipped: source OCIRepository/flux-system/api (oci://")


def test_a_finding_points_into_the_sibling(tmp_path: Path) -> None:
    other = siblings(tmp_path)
    path = other / "components/web/deploy/config.yaml"
    path.write_text(path.read_text().replace("\ndata:", "\ndta:\n  a: b"))
    mapped = {"OCIRepository/flux-system/*": other / "components/*"}
    results = run(
        FleetIndex(loaded(tmp_path / "fleet", fleet(), sources=mapped)), built_in(), Selection(), SchemaJudge()
    )
    assert [(f.rule, str(f.location)) for f in results.findings if f.rule == "schema-unknown-field"] == [
        ("schema-unknown-field", "../apps/components/web/deploy/config.yaml:6")
    ]


def test_a_directory_with_a_star_exists_where_what_comes_before_it_does(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert [exists(tmp_path / name) for name in ("a", "a/*", "b", "b/*", "*")] == [True, True, False, False, True]
