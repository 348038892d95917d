"""Repositories that nobody of this project wrote are loaded whole, without configuration."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from corpora import CORPORA
from fleet_outcomes import entries, git_repository, overlays

from pytest_gitops import load
from pytest_gitops.model import Failed, Fleet, Skipped
from pytest_gitops.network import Network

pytestmark = pytest.mark.skipif(not (CORPORA / "index.json").exists(), reason=f"no corpora at {CORPORA}")


def corpus(name: str, tmp_path: Path, **options: Any) -> Fleet:
    """Load a temporary copy of a public repository, as a clone of it would be, without the network."""
    options.setdefault("network", Network(offline=True))
    return load(copied(name, tmp_path), engine="bundled", **options)


def copied(name: str, tmp_path: Path) -> Path:
    """Copy a public repository, give it its remote and branch, and return its directory."""
    known = {entry["repo"]: entry for entry in json.loads((CORPORA / "index.json").read_text())}
    root = tmp_path / name
    shutil.copytree(CORPORA / "repos" / name, root, copy_function=shutil.copyfile)
    for directory, _folders, _files in os.walk(root):
        os.chmod(directory, 0o755)  # noqa: S103 (the originals are read-only)
    return git_repository(root, {}, url=known[name]["url"], branch=known[name]["branch"])


def counts(fleet: Fleet) -> dict[str, tuple[int, int, int]]:
    """Return for each cluster how many Kustomizations were rendered, skipped and failed, undeclared entries aside."""
    result = {}
    for cluster in fleet.clusters:
        found = [kustomization.outcome for kustomization in cluster.kustomizations if not kustomization.implicit]
        skipped = sum(isinstance(outcome, Skipped) for outcome in found)
        failed = sum(isinstance(outcome, Failed) for outcome in found)
        result[cluster.name] = (len(found) - skipped - failed, skipped, failed)
    return result


def skips(fleet: Fleet) -> set[str]:
    """Return the reasons of all skips, less the advice that follows each."""
    found = (kustomization.outcome for cluster in fleet.clusters for kustomization in cluster.kustomizations)
    return {outcome.reason.partition(";")[0] for outcome in found if isinstance(outcome, Skipped)}


@pytest.mark.parametrize(
    ("name", "kustomizations"),
    [("onedr0p__home-ops", 78), ("bjw-s-labs__home-ops", 93), ("buroa__k8s-gitops", 71), ("billimek__k8s-gitops", 2)],
)
def test_home_repositories(name: str, kustomizations: int, tmp_path: Path) -> None:
    fleet = corpus(name, tmp_path)
    entry = "setup/flux/cluster" if name.startswith("billimek") else "kubernetes/flux/cluster"
    assert entries(fleet) == {"cluster": entry}
    # One more than the repository declares: flux-operator makes the entry's own.
    assert counts(fleet) == {"cluster": (kustomizations + 1, 0, 0)}
    assert [overlay.path for overlay in fleet.overlays if isinstance(overlay.outcome, Failed)] == []


def test_multi_tenancy(tmp_path: Path) -> None:
    fleet = corpus("fluxcd__flux2-multi-tenancy", tmp_path)
    assert entries(fleet) == {"production": "clusters/production", "staging": "clusters/staging"}
    assert counts(fleet) == {"production": (3, 2, 0), "staging": (3, 2, 0)}
    assert skips(fleet) == {
        (
            "source GitRepository/apps/dev-team is this repository's branch dev-team, and the one under test is main "
            "or master"
        ),
        (
            "source OCIRepository/flux-system/kyverno-controller (oci://ghcr.io/kyverno/manifests/kyverno) is not this "
            "repository and is not available here"
        ),
    }
    assert [fleet[name]["dev-team"].path for name in ("production", "staging")] == ["production", "staging"]


def test_hub_and_spoke(tmp_path: Path) -> None:
    fleet = corpus("fluxcd__flux2-hub-spoke-example", tmp_path)
    assert (entries(fleet), counts(fleet), overlays(fleet)) == ({"hub": "hub"}, {"hub": (8, 0, 0)}, {})


def test_azure(tmp_path: Path) -> None:
    fleet = corpus("Azure__gitops-flux2-kustomize-helm-mt", tmp_path)
    assert entries(fleet) == {"production": "clusters/production", "staging": "clusters/staging"}
    assert (counts(fleet), overlays(fleet)) == ({"production": (2, 0, 0), "staging": (2, 0, 0)}, {})


def test_kustomize_helm_example(tmp_path: Path) -> None:
    fleet = corpus("fluxcd__flux2-kustomize-helm-example", tmp_path)
    assert entries(fleet) == {"production": "clusters/production", "staging": "clusters/staging"}
    assert counts(fleet) == {"production": (3, 0, 0), "staging": (3, 0, 0)}
    assert overlays(fleet) == {}
    for cluster in fleet.clusters:
        rendered = cluster["apps"].rendered
        assert rendered is not None
        release = rendered["HelmRelease/podinfo/podinfo"]
        assert release.origin == "apps/base/podinfo/release.yaml"
        assert f"apps/{cluster.name}/podinfo-values.yaml" in release.transformations


def test_fleet_of_an_operator_with_sibling_repositories(tmp_path: Path) -> None:
    fleet = corpus("controlplaneio-fluxcd__d1-fleet", tmp_path)
    assert entries(fleet) == {name: f"clusters/{name}" for name in ("prod-eu", "prod-us", "staging")}
    assert counts(fleet) == {"prod-eu": (3, 6, 0), "prod-us": (3, 6, 0), "staging": (3, 8, 0)}
    assert {cluster.name: cluster.strict_substitution for cluster in fleet.clusters} == {
        "prod-eu": False,
        "prod-us": False,
        "staging": False,
    }
    assert fleet["prod-eu"]["flux-frontend"].path == "components/frontend/production"
    assert fleet["staging"]["flux-frontend"].path == "components/frontend/staging"
    # The FluxInstance patches the Kustomization that it makes.
    assert fleet["prod-eu"]["flux-system"].spec["serviceAccountName"] == "kustomize-controller"


def test_sibling_repositories_that_are_mapped_are_rendered(tmp_path: Path) -> None:
    siblings = {
        f"https://github.com/controlplaneio-fluxcd/d1-{name}": copied(f"controlplaneio-fluxcd__d1-{name}", tmp_path)
        for name in ("apps", "infra")
    }
    fleet = corpus("controlplaneio-fluxcd__d1-fleet", tmp_path, sources=siblings)
    assert counts(fleet) == {"prod-eu": (9, 0, 0), "prod-us": (9, 0, 0), "staging": (11, 0, 0)}
    frontend = fleet["staging"]["flux-frontend"]
    assert frontend.rendered is not None
    assert sorted(frontend.rendered.reads) == [
        f"../controlplaneio-fluxcd__d1-apps/components/frontend/{file}"
        for file in (
            "base/kustomization.yaml",
            "base/podinfo.yaml",
            "staging/kustomization.yaml",
            "staging/podinfo-values.yaml",
        )
    ]


def test_fleet_of_an_operator_over_oci(tmp_path: Path) -> None:
    fleet = corpus("controlplaneio-fluxcd__d2-fleet", tmp_path)
    assert entries(fleet) == {name: f"clusters/{name}" for name in ("prod-eu", "prod-us", "staging", "update")}
    assert counts(fleet) == {"prod-eu": (2, 6, 0), "prod-us": (2, 6, 0), "staging": (2, 6, 0), "update": (1, 2, 0)}


def test_what_resource_sets_sync_from_sibling_repositories(tmp_path: Path) -> None:
    apps, infra = (copied(f"controlplaneio-fluxcd__d2-{name}", tmp_path) for name in ("apps", "infra"))
    siblings = {
        **{f"OCIRepository/{name}/apps": apps / "components" / name for name in ("frontend", "backend")},
        **{f"OCIRepository/{name}/infra": infra / "components" / name for name in ("cert-manager", "monitoring")},
        "https://github.com/controlplaneio-fluxcd/d2-apps.git": apps,
        "https://github.com/controlplaneio-fluxcd/d2-infra.git": infra,
    }
    fleet = corpus("controlplaneio-fluxcd__d2-fleet", tmp_path, sources=siblings)
    # Its dashboards hold variables that Flux 2.9 doesn't take.
    assert counts(fleet) == {"prod-eu": (7, 0, 1), "prod-us": (7, 0, 1), "staging": (7, 0, 1), "update": (3, 0, 0)}
    assert [part.name for part in fleet["prod-eu"].resource_sets] == [
        f"ResourceSet/flux-system/{name}" for name in ("flux-operator", "apps", "infra", "policies")
    ]
    assert all(part.rendered for cluster in fleet.clusters for part in cluster.resource_sets)
    assert fleet["prod-eu"]["frontend/apps"].parent == "ResourceSet/flux-system/apps"


@pytest.mark.parametrize(("name", "count"), [("d1-apps", 5), ("d1-infra", 9), ("d2-apps", 4), ("d2-infra", 8)])
def test_repositories_of_sources_have_overlays_only(name: str, count: int, tmp_path: Path) -> None:
    fleet = corpus(f"controlplaneio-fluxcd__{name}", tmp_path)
    rendered = [overlay for overlay in fleet.overlays if overlay.rendered is not None]
    assert (fleet.clusters, len(fleet.overlays), len(rendered)) == ((), count, count)


LAYOUTS = {
    "cluster": ({"prod": "clusters/prod"}, {"prod": (3, 0, 1)}),
    "cluster2": ({"flux": "flux"}, {"flux": (0, 0, 1)}),
    "cluster3": ({"cluster3": "clusters/cluster3"}, {"cluster3": (1, 2, 0)}),
    "cluster4": ({"flux": "flux"}, {"flux": (0, 0, 1)}),
    "cluster5": ({"prod": "clusters/prod"}, {"prod": (1, 0, 1)}),
    "cluster6": ({"cluster": "cluster"}, {"cluster": (2, 0, 0)}),
    "repo": ({}, {}),
}
# What Flux itself refuses in these layouts: two Certificates that substitution gives one name, a spec.ignore that
# leaves the cluster's own path out, and a sourceRef that looks in the Kustomization's own namespace.
FAILURES = {
    "cluster": ["substitution clusters/prod/apps.yaml"],
    "cluster2": ["path-not-found flux/config/cluster.yaml"],
    "cluster4": ["path-not-found flux/config/cluster.yaml"],
    "cluster5": ["source-not-found clusters/prod/infrastructure.yaml"],
}


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_layouts(name: str, tmp_path: Path) -> None:
    at = f"tests/testdata/{name}"
    root = git_repository(tmp_path, {}, url="https://github.com/allenporter/flux-local")
    shutil.copytree(CORPORA / "layouts" / name, root / at, copy_function=shutil.copyfile)
    for directory, _folders, _files in os.walk(root / at):
        os.chmod(directory, 0o755)  # noqa: S103 (the originals are read-only)
    fleet = load(root, engine="bundled")
    found, numbers = LAYOUTS[name]
    assert entries(fleet) == {cluster: f"{at}/{entry}" for cluster, entry in found.items()}
    assert counts(fleet) == numbers
    outcomes = [kustomization.outcome for cluster in fleet.clusters for kustomization in cluster.kustomizations]
    findings = [finding for outcome in outcomes if isinstance(outcome, Failed) for finding in outcome.findings]
    assert [f"{f.rule} {f.location.file}" for f in findings if f.location is not None] == [
        failure.replace(" ", f" {at}/") for failure in FAILURES.get(name, [])
    ]
