"""Which directory the Kustomizations' paths are relative to."""

from __future__ import annotations

from pathlib import Path

from fleet_files import bootstrap, config_map, kustomization
from fleet_outcomes import git_repository, outcomes

from pytest_gitops import load
from pytest_gitops.network import Network

OCI = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, url: "oci://ghcr.io/example-org/apps", ref: {tag: latest}}
"""


def test_a_git_repository_s_paths_tell_more_than_an_artifact_s(tmp_path: Path) -> None:
    fleet = {
        name: text.replace("./clusters", "./example/clusters") for name, text in bootstrap("production").items()
    } | {
        "clusters/production/apps.yaml": OCI
        + "".join(
            "---\n"
            + kustomization(name, f"./{name}", source="apps").replace("kind: GitRepository", "kind: OCIRepository")
            for name in ("web", "api")
        ),
        "web/config.yaml": config_map("web"),
        "api/config.yaml": config_map("api"),
    }
    root = git_repository(tmp_path, {f"example/{name}": text for name, text in fleet.items()})
    reason = (
        "skipped: source OCIRepository/flux-system/apps (oci://ghcr.io/example-org/apps) is not this repository and is "
        "not available here; give a local directory for it with `sources: {OCIRepository/flux-system/apps: DIRECTORY}`"
    )
    found = load(root / "example", network=Network(offline=True))
    assert found.root == root
    assert [name for name, outcome in outcomes(found)["production"].items() if outcome == reason] == [
        "flux-system/web",
        "flux-system/api",
    ]
