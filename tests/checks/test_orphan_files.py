"""Files that nothing names are told, where others that lie as they do are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import Files, bootstrap, config_map, kustomization
from fleet_outcomes import loaded

from pytest_gitops.checks import FleetIndex, Selection, built_in, run

APPS = ("atuin", "plex", "sonarr")


def told(root: Path, resources: str, more: Files) -> list[str]:
    """Return the orphans of a cluster with a ks.yaml in the directory of each application."""
    files = {
        **bootstrap("home"),
        "clusters/home/apps.yaml": kustomization("apps", "./apps"),
        "apps/kustomization.yaml": resources,
        **{f"apps/{app}/ks.yaml": kustomization(app, f"./apps/{app}/app") for app in APPS},
        **{f"apps/{app}/app/map.yaml": config_map(app) for app in APPS},
        **more,
    }
    results = run(FleetIndex(loaded(root, files)), built_in(), Selection(only=("orphan-file",)))
    return [f"{finding.severity.value} {finding.location}" for finding in results.findings]


@pytest.mark.parametrize(
    ("resources", "more", "orphans"),
    [
        ("resources: [atuin/ks.yaml, plex/ks.yaml, sonarr/ks.yaml]\n", {}, []),
        ("resources:\n  - atuin/ks.yaml\n  - plex/ks.yaml\n", {}, ["warning apps/sonarr/ks.yaml:1"]),
        ("resources:\n  - atuin/ks.yaml\n  - plex/ks.yaml\n  # - sonarr/ks.yaml\n", {}, []),
        ("resources:\n  - atuin/ks.yaml\n", {}, []),
        (
            "resources:\n  - atuin/ks.yaml\n  - plex/ks.yaml\n",
            {"apps/sonarr/kustomization.yaml": "resources: [ks.yaml]\n"},
            [],
        ),
        (
            "resources: [atuin/ks.yaml, plex/ks.yaml, sonarr/ks.yaml]\n",
            {"apps/more.yaml": config_map("more")},
            ["warning apps/more.yaml:1"],
        ),
    ],
    ids=["all named", "one forgotten", "one commented out", "nothing to compare with", "an overlay", "beside the file"],
)
def test_orphans(resources: str, more: Files, orphans: list[str], tmp_path: Path) -> None:
    assert told(tmp_path, resources, more) == orphans
