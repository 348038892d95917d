"""Clusters are found in every layout that people use, without configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import URL, bootstrap, config_map, kustomization, overlay, source, two_clusters, write_files
from fleet_outcomes import entries, loaded, outcomes, overlays

from pytest_gitops import load
from pytest_gitops.model import Failed


def bare(name: str, **data: str) -> str:
    """Return a ConfigMap without a namespace."""
    return config_map(name, **data).replace(f"  namespace: {name}\n", "")


def app(name: str) -> dict[str, str]:
    """Return a directory with one ConfigMap and no kustomization file."""
    return {f"apps/{name}/{name}.yaml": bare(name)}


def instance(path: str, url: str = URL, kind: str = "GitRepository", extra: str = "") -> str:
    """Return a FluxInstance that syncs a path."""
    return (
        "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata:\n  name: flux\n  namespace: flux-system\n"
        "spec:\n  distribution:\n    version: 2.7.x\n    registry: ghcr.io/fluxcd\n"
        f"  sync:\n    kind: {kind}\n    url: {url}\n    ref: refs/heads/main\n    path: {path}\n{extra}"
    )


def test_bootstrapped_clusters(tmp_path: Path) -> None:
    fleet = loaded(tmp_path, two_clusters())
    assert entries(fleet) == {"production": "clusters/production", "staging": "clusters/staging"}
    assert [sorted(outcomes(fleet)[name]) for name in ("production", "staging")] == [
        ["flux-system/apps", "flux-system/flux-system"],
        ["flux-system/apps", "flux-system/flux-system"],
    ]
    assert [cluster.file for cluster in fleet.clusters] == [
        "clusters/production/flux-system/gotk-sync.yaml",
        "clusters/staging/flux-system/gotk-sync.yaml",
    ]
    assert overlays(fleet) == {"apps/canary": "ConfigMap/web/web-canary"}
    assert fleet.notes == ()


def test_directories_without_flux_system_that_point_at_one_overlay(tmp_path: Path) -> None:
    regions = ("prod-us-east", "prod-eu-west", "prod-ap-south")
    files = {
        "apps/production/kustomization.yaml": overlay("web.yaml"),
        "apps/production/web.yaml": bare("web", r="${R}"),
    }
    for region in regions:
        substitute = f"postBuild:\n  substitute:\n    R: {region}"
        files[f"clusters/{region}/apps.yaml"] = kustomization("apps", "./apps/production", extra=substitute)
    fleet = loaded(tmp_path, files)
    assert entries(fleet) == {region: f"clusters/{region}" for region in sorted(regions)}
    assert outcomes(fleet) == {
        region: {"flux-system/flux-system": "Kustomization/flux-system/apps", "flux-system/apps": "ConfigMap/web"}
        for region in sorted(regions)
    }
    assert [cluster["apps"].rendered["ConfigMap/web"]["data"] for cluster in fleet.clusters] == [  # type: ignore[index]
        {"r": region} for region in sorted(regions)
    ]
    assert [cluster["flux-system"].implicit for cluster in fleet.clusters] == [True, True, True]


def test_entry_folder_without_flux_system(tmp_path: Path) -> None:
    files = {
        "kubernetes/flux/cluster/ks.yaml": kustomization("cluster-apps", "./kubernetes/apps"),
        "kubernetes/apps/default/kustomization.yaml": overlay("./web/ks.yaml"),
        "kubernetes/apps/default/web/ks.yaml": kustomization("web", "./kubernetes/apps/default/web/app"),
        "kubernetes/apps/default/web/app/kustomization.yaml": overlay("web.yaml"),
        "kubernetes/apps/default/web/app/web.yaml": bare("web"),
        "kubernetes/apps/default/off/ks.yaml": kustomization("off", "./kubernetes/apps/default/off/app"),
        "kubernetes/apps/default/off/app/kustomization.yaml": overlay("missing.yaml"),
    }
    fleet = loaded(tmp_path, files)
    assert entries(fleet) == {"cluster": "kubernetes/flux/cluster"}
    assert outcomes(fleet) == {
        "cluster": {
            "flux-system/flux-system": "Kustomization/flux-system/cluster-apps",
            "flux-system/cluster-apps": "Kustomization/flux-system/web",
            "flux-system/web": "ConfigMap/web",
        }
    }
    assert list(overlays(fleet)) == ["kubernetes/apps/default/off/app"]
    assert overlays(fleet)["kubernetes/apps/default/off/app"].startswith("skipped: no cluster uses it")
    assert fleet.notes == ("no cluster reads off (kubernetes/apps/default/off/ks.yaml:1)",)


def test_what_is_switched_off_in_what_is_broken_is_no_failure_of_its_own(tmp_path: Path) -> None:
    files = {
        **bootstrap("one"),
        "clusters/one/apps.yaml": kustomization("apps", "./apps"),
        "apps/kustomization.yaml": overlay("broken/ks.yaml"),
        "apps/broken/ks.yaml": "kind: [\n",
        "apps/off/ks.yaml": kustomization("off", "./apps/off/app"),
        "apps/off/app/kustomization.yaml": overlay("missing.yaml"),
    }
    fleet = loaded(tmp_path, files)
    assert outcomes(fleet)["one"]["flux-system/apps"].startswith("failed: ")
    assert overlays(fleet)["apps/off/app"].startswith("skipped: no cluster uses it")


def test_flux_instance_with_sync(tmp_path: Path) -> None:
    files = {
        "clusters/prod/flux-system/flux-instance.yaml": instance("clusters/prod"),
        "clusters/prod/apps.yaml": kustomization("apps", "./apps/web"),
        **app("web"),
    }
    fleet = loaded(tmp_path, files)
    assert outcomes(fleet) == {
        "prod": {
            "flux-system/flux-system": "Kustomization/flux-system/apps, FluxInstance/flux-system/flux",
            "flux-system/apps": "ConfigMap/web",
        }
    }
    (cluster,) = fleet.clusters
    assert (cluster.flux_version, cluster.strict_substitution) == ("2.7.x", False)
    assert cluster.file == "clusters/prod/flux-system/flux-instance.yaml"
    assert [(str(s.id), s.directory) for s in cluster.sources] == [("GitRepository/flux-system/flux-system", tmp_path)]


def test_flux_instance_of_the_chart(tmp_path: Path) -> None:
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: flux-instance\nspec:\n"
        "  chartRef:\n    kind: OCIRepository\n    name: flux-instance\n  values:\n    instance:\n"
        "      distribution:\n        version: 2.8.3\n"
        "      sync:\n        kind: GitRepository\n        url: https://github.com/example-org/renamed\n"
        "        ref: refs/heads/main\n        path: flux/cluster\n"
    )
    files = {
        "flux/cluster/ks.yaml": kustomization("apps", "./apps"),
        "apps/flux/release.yaml": release,
    }
    fleet = loaded(tmp_path, files)
    assert entries(fleet) == {"cluster": "flux/cluster"}
    assert outcomes(fleet) == {
        "cluster": {
            "flux-system/flux-system": "Kustomization/flux-system/apps",
            "flux-system/apps": "HelmRelease/flux-instance",
        }
    }
    assert [(c.flux_version, c.strict_substitution) for c in fleet.clusters] == [("2.8.3", False)]


def test_a_flux_instance_whose_path_is_not_there_fails_where_it_says_so(tmp_path: Path) -> None:
    files = {
        "clusters/prod/flux-instance.yaml": instance("clusters/prodd"),
        "clusters/prod/apps.yaml": kustomization("apps", "./apps/web"),
        **app("web"),
    }
    fleet = loaded(tmp_path, files)
    assert outcomes(fleet)["prodd"] == {
        "flux-system/flux-system": "failed: path-not-found clusters/prod/flux-instance.yaml:14 "
        "kustomization path not found: stat clusters/prodd: no such file or directory"
    }


def test_hub_and_spoke(tmp_path: Path) -> None:
    spoke = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        "metadata:\n  name: apps\n  namespace: {0}\nspec:\n  interval: 1h\n  prune: true\n  path: ./deploy/{0}\n"
        "  kubeConfig:\n    secretRef:\n      name: cluster-kubeconfig\n"
        "  sourceRef:\n    kind: GitRepository\n    name: flux-system\n    namespace: flux-system\n"
    )
    files = {
        "hub/production.yaml": spoke.format("production"),
        "hub/staging.yaml": spoke.format("staging"),
        "deploy/production/a.yaml": bare("a"),
        "deploy/staging/b.yaml": bare("b"),
    }
    fleet = loaded(tmp_path, files)
    assert outcomes(fleet) == {
        "hub": {
            "flux-system/flux-system": "Kustomization/production/apps, Kustomization/staging/apps",
            "production/apps": "ConfigMap/a",
            "staging/apps": "ConfigMap/b",
        }
    }


def test_overlays_of_one_base_are_clusters_and_the_base_is_none(tmp_path: Path) -> None:
    files = {
        "clusters/base/kustomization.yaml": overlay("apps.yaml"),
        "clusters/base/apps.yaml": kustomization("apps", "./apps/web"),
        "clusters/one/kustomization.yaml": overlay("../base"),
        "clusters/two/kustomization.yaml": overlay("../base"),
        **app("web"),
    }
    fleet = loaded(tmp_path, files)
    assert entries(fleet) == {"one": "clusters/one", "two": "clusters/two"}
    assert [c.file for c in fleet.clusters] == ["clusters/one/kustomization.yaml", "clusters/two/kustomization.yaml"]


def test_clusters_in_folders_of_regions(tmp_path: Path) -> None:
    files = {f"clusters/{c}/apps.yaml": kustomization("apps", "./apps/web") for c in ("eu/one", "eu/two", "us/one")}
    fleet = loaded(tmp_path, files | app("web"))
    assert entries(fleet) == {"eu/one": "clusters/eu/one", "two": "clusters/eu/two", "us/one": "clusters/us/one"}


def test_folders_of_one_cluster(tmp_path: Path) -> None:
    files = {
        "clusters/prod/infra/ks.yaml": kustomization("infra", "./infra"),
        "clusters/prod/apps/ks.yaml": kustomization("apps", "./apps/web", extra="dependsOn:\n  - name: infra"),
        "infra/a.yaml": bare("a"),
        **app("web"),
    }
    assert entries(loaded(tmp_path, files)) == {"prod": "clusters/prod"}


def test_folders_tied_by_depends_on(tmp_path: Path) -> None:
    files = {
        "flux/infra/ks.yaml": kustomization("infra", "./infra"),
        "flux/apps/ks.yaml": kustomization("apps", "./apps/web", extra="dependsOn:\n  - name: infra"),
        "infra/a.yaml": bare("a"),
        **app("web"),
    }
    assert entries(loaded(tmp_path, files)) == {"flux": "flux"}


def test_kustomizations_at_the_root_do_not_sweep_the_repository(tmp_path: Path) -> None:
    files = {"apps.yaml": kustomization("apps", "./apps/web"), "values.yaml": "not: kubernetes\n", **app("web")}
    fleet = loaded(tmp_path / "fleet", files)
    assert outcomes(fleet) == {"fleet-infra": {"flux-system/apps": "ConfigMap/web"}}


def test_a_self_managing_root(tmp_path: Path) -> None:
    files = {
        "flux-system/gotk-sync.yaml": source("flux-system", URL) + "---\n" + kustomization("flux-system", "./"),
        "flux-system/kustomization.yaml": overlay("gotk-sync.yaml"),
        "web.yaml": bare("web"),
    }
    assert outcomes(loaded(tmp_path, files)) == {
        "fleet-infra": {
            "flux-system/flux-system": "GitRepository/flux-system/flux-system, "
            "Kustomization/flux-system/flux-system, ConfigMap/web"
        }
    }


def test_a_bootstrapped_and_a_bare_cluster(tmp_path: Path) -> None:
    files = {
        **bootstrap("one"),
        "clusters/one/apps.yaml": kustomization("apps", "./apps/web"),
        "clusters/two/apps.yaml": kustomization("apps", "./apps/web"),
        **app("web"),
    }
    assert entries(loaded(tmp_path, files)) == {"one": "clusters/one", "two": "clusters/two"}


def test_clusters_led_to_by_a_variable_are_one_clusters_part(tmp_path: Path) -> None:
    files = {
        **bootstrap("hub"),
        "clusters/hub/vars.yaml": kustomization("more", "./more", extra="postBuild:\n  substitute:\n    C: two"),
        "more/ks.yaml": kustomization("two", "./clusters/${C}"),
        "clusters/two/apps.yaml": kustomization("apps", "./apps/web"),
        **app("web"),
    }
    fleet = loaded(tmp_path, files)
    assert {name: list(found) for name, found in outcomes(fleet).items()} == {
        "hub": ["flux-system/flux-system", "flux-system/more", "flux-system/two", "flux-system/apps"]
    }


def test_a_copied_sync_that_points_at_the_other_cluster(tmp_path: Path) -> None:
    files = {
        **bootstrap("production"),
        "clusters/production/apps.yaml": kustomization("apps", "./apps/web"),
        "clusters/staging/flux-system/gotk-sync.yaml": kustomization("flux-system", "./clusters/production"),
        "clusters/staging/apps.yaml": kustomization("apps", "./apps/web"),
        **app("web"),
    }
    fleet = loaded(tmp_path, files)
    assert entries(fleet) == {"production": "clusters/production", "staging": "clusters/staging"}
    assert fleet["staging"]["flux-system"].path == "clusters/production"
    assert fleet.notes == ("no cluster reads apps (clusters/staging/apps.yaml:1)",)


@pytest.mark.parametrize("corner", ["docs", "examples/simple", "tests/e2e", "charts/app/templates"])
def test_dead_corners_are_no_clusters_beside_real_ones(tmp_path: Path, corner: str) -> None:
    files = {
        **bootstrap("one"),
        "charts/app/Chart.yaml": "name: app\nversion: 1.0.0\napiVersion: v2\n",
        f"{corner}/ks.yaml": kustomization("sample", "./sample"),
    }
    fleet = loaded(tmp_path, files)
    assert (entries(fleet), fleet.notes, overlays(fleet)) == ({"one": "clusters/one"}, (), {})


def test_a_dead_corner_counts_where_it_is_all_there_is(tmp_path: Path) -> None:
    files = {"examples/ks.yaml": kustomization("apps", "./apps/web"), **app("web")}
    assert entries(loaded(tmp_path, files)) == {"examples": "examples"}


def test_a_repository_without_flux_has_overlays_only(tmp_path: Path) -> None:
    files = {
        "apps/base/kustomization.yaml": overlay("web.yaml"),
        "apps/base/web.yaml": bare("web"),
        "apps/overlays/dev/kustomization.yaml": overlay("../../base", suffix="-dev"),
        "components/ha/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
    }
    fleet = loaded(tmp_path, files)
    assert (fleet.clusters, overlays(fleet)) == ((), {"apps/overlays/dev": "ConfigMap/web-dev"})


def test_a_part_of_a_repository_uses_the_paths_of_the_whole(tmp_path: Path) -> None:
    loaded(tmp_path, two_clusters())
    fleet = load(tmp_path / "clusters/staging", engine="bundled")
    assert (fleet.root, entries(fleet), overlays(fleet)) == (tmp_path, {"staging": "clusters/staging"}, {})


def test_an_example_inside_of_a_repository_is_complete_in_itself(tmp_path: Path) -> None:
    loaded(tmp_path, {f"example/{name}": text for name, text in two_clusters().items()})
    fleet = load(tmp_path / "example", engine="bundled")
    assert fleet.root == tmp_path / "example"
    assert {name: len(found) for name, found in outcomes(fleet).items()} == {"production": 2, "staging": 2}


def test_a_child_that_builds_its_own_directory_is_no_cluster(tmp_path: Path) -> None:
    files = {
        "flux/ks.yaml": kustomization("apps", "./apps"),
        "apps/web/ks.yaml": kustomization("web", "./apps/web"),
        "apps/web/web.yaml": bare("web"),
    }
    fleet = loaded(tmp_path, files)
    assert {name: list(found) for name, found in outcomes(fleet).items()} == {
        "flux": ["flux-system/flux-system", "flux-system/apps", "flux-system/web"]
    }


def test_a_folder_with_more_than_manifests_is_not_built_as_a_whole(tmp_path: Path) -> None:
    files = {
        "flux/ks.yaml": kustomization("apps", "./apps/web"),
        "flux/values.yaml": "replicas: 2\n",
        **app("web"),
    }
    fleet = loaded(tmp_path, files)
    assert outcomes(fleet) == {"flux": {"flux-system/apps": "ConfigMap/web"}}
    assert [note.split(":")[:3] for note in fleet.notes] == [
        ["flux", " flux can't be what the cluster was bootstrapped with", " flux/values.yaml"]
    ]


def test_a_folder_that_another_implied_cluster_leads_to_is_its_part(tmp_path: Path) -> None:
    files = {
        "clusters/hub/more.yaml": kustomization("more", "./more", extra="postBuild:\n  substitute:\n    C: two"),
        "more/ks.yaml": kustomization("two", "./clusters/${C}"),
        "clusters/two/apps.yaml": kustomization("apps", "./apps/web"),
        **app("web"),
    }
    assert {name: list(found) for name, found in outcomes(loaded(tmp_path, files)).items()} == {
        "hub": ["flux-system/flux-system", "flux-system/more", "flux-system/two", "flux-system/apps"]
    }


@pytest.mark.parametrize("apart", ["bases/kafka", "old/apps/kafka"])
def test_what_no_known_cluster_leads_to_is_left_over(tmp_path: Path, apart: str) -> None:
    files = {
        **bootstrap("one"),
        f"{apart}/kustomization.yaml": overlay("ks.yaml"),
        f"{apart}/ks.yaml": kustomization("kafka", f"./{apart}/app"),
        f"{apart}/app/objects.yaml": bare("kafka"),
    }
    fleet = loaded(tmp_path, files)
    assert entries(fleet) == {"one": "clusters/one"}
    assert fleet.notes == (f"no cluster reads kafka ({apart}/ks.yaml:1)",)


def test_what_no_implied_cluster_leads_to_is_left_over(tmp_path: Path) -> None:
    files = {
        "flux/cluster/apps.yaml": kustomization("apps", "./apps/overlays/one"),
        "apps/overlays/one/kustomization.yaml": overlay("../../base/web"),
        **{
            file: text
            for name in ("web", "kafka", "vault")
            for file, text in {
                f"apps/base/{name}/kustomization.yaml": overlay("ks.yaml"),
                f"apps/base/{name}/ks.yaml": kustomization(name, f"./apps/base/{name}/app"),
                f"apps/base/{name}/app/objects.yaml": bare(name),
            }.items()
        },
    }
    fleet = loaded(tmp_path, files)
    assert {name: list(found) for name, found in outcomes(fleet).items()} == {
        "cluster": ["flux-system/flux-system", "flux-system/apps", "flux-system/web"]
    }
    assert fleet.notes == ("no cluster reads kafka (apps/base/kafka/ks.yaml:1), vault (apps/base/vault/ks.yaml:1)",)


def test_a_directory_without_git_whose_entry_names_a_repository(tmp_path: Path) -> None:
    files = {
        "clusters/prod/source.yaml": source("fleet", "https://github.com/example-org/any"),
        "clusters/prod/apps.yaml": kustomization("apps", "./apps/web", source="fleet"),
        **app("web"),
    }
    assert outcomes(load(write_files(tmp_path, files), engine="bundled"))["prod"]["flux-system/apps"] == "ConfigMap/web"


def test_a_cluster_called_like_a_dead_corner(tmp_path: Path) -> None:
    files = {f"clusters/{name}/apps.yaml": kustomization("apps", "./apps/web") for name in ("examples", "prod")}
    assert entries(loaded(tmp_path, files | app("web"))) == {
        "examples": "clusters/examples",
        "prod": "clusters/prod",
    }


def test_a_directory_that_the_repository_around_it_ignores(tmp_path: Path) -> None:
    files = {f"build/fleet/{name}": text for name, text in two_clusters().items()}
    loaded(tmp_path, files | {".gitignore": "build/\n"})
    fleet = load(tmp_path / "build/fleet", engine="bundled")
    assert {name: len(found) for name, found in outcomes(fleet).items()} == {"production": 2, "staging": 2}


def test_a_flux_instance_that_overlays_patch(tmp_path: Path) -> None:
    files = {
        "clusters/base/flux-instance.yaml": instance("clusters/changed-by-each-cluster"),
        "clusters/base/kustomization.yaml": overlay("flux-instance.yaml"),
        **app("web"),
    }
    for name in ("one", "two"):
        patch = f"      - op: replace\n        path: /spec/sync/path\n        value: clusters/{name}\n"
        files[f"clusters/{name}/kustomization.yaml"] = (
            overlay("../base", "apps.yaml") + f"patches:\n  - target:\n      kind: FluxInstance\n    patch: |\n{patch}"
        )
        files[f"clusters/{name}/apps.yaml"] = kustomization("apps", "./apps/web")
    fleet = loaded(tmp_path, files)
    assert entries(fleet) == {"one": "clusters/one", "two": "clusters/two"}
    assert {outcome for found in outcomes(fleet).values() for outcome in found.values()} == {
        "FluxInstance/flux-system/flux, Kustomization/flux-system/apps",
        "ConfigMap/web",
    }
    assert [(c.flux_version, c.strict_substitution) for c in fleet.clusters] == [("2.7.x", False), ("2.7.x", False)]


def test_a_cluster_s_folder_with_more_than_flux_in_it(tmp_path: Path) -> None:
    files = {
        "clusters/prod/flux/apps.yaml": kustomization("apps", "./apps/web"),
        "clusters/prod/flux/infra.yaml": kustomization("infra", "./apps/infra"),
        "clusters/prod/talos/config.yaml": "machine:\n  type: controlplane\n",
        **app("web"),
        **app("infra"),
    }
    fleet = loaded(tmp_path, files)
    assert outcomes(fleet) == {"prod": {"flux-system/apps": "ConfigMap/web", "flux-system/infra": "ConfigMap/infra"}}


def test_a_stray_file_beside_the_kustomizations_of_a_cluster_fails_as_in_flux(tmp_path: Path) -> None:
    files = {
        "clusters/prod/apps.yaml": kustomization("apps", "./apps/web"),
        "clusters/prod/values.yaml": "replicas: 2\n",
        **app("web"),
    }
    found = outcomes(loaded(tmp_path, files))["prod"]
    assert [text.split(" ")[:3] for text in found.values()] == [["failed:", "yaml", "clusters/prod/values.yaml:1"]]


def test_an_artifact_of_a_directory_further_down(tmp_path: Path) -> None:
    files = {f"deploy/flux/{name}": text for name, text in two_clusters().items()}
    fleet = loaded(tmp_path, files | {"src/kustomization.yaml": overlay()})
    assert fleet.root == tmp_path / "deploy/flux"
    assert {name: len(found) for name, found in outcomes(fleet).items()} == {"production": 2, "staging": 2}


BROKEN = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: a\n name: b\n"


@pytest.mark.parametrize(
    "others", [{}, bootstrap("other"), {"clusters/other/a.yaml": kustomization("a", "./apps/web")}]
)
def test_a_cluster_of_a_broken_file_is_not_gone(tmp_path: Path, others: dict[str, str]) -> None:
    fleet = loaded(tmp_path, others | {"clusters/prod/apps.yaml": BROKEN} | app("web"))
    (text,) = outcomes(fleet)["prod"].values()
    assert text.startswith("failed: yaml clusters/prod/apps.yaml:")
    assert [cluster.file for cluster in fleet.clusters if cluster.name == "prod"] == ["clusters/prod/apps.yaml"]
    assert fleet.notes == ()


def test_a_broken_file_that_nobody_reads_is_said(tmp_path: Path) -> None:
    fleet = loaded(tmp_path, bootstrap("prod") | {"old/ks.yaml": BROKEN})
    assert entries(fleet) == {"prod": "clusters/prod"}
    assert [note[:46] for note in fleet.notes] == ["no cluster reads old/ks.yaml:5, which is not Y"]


@pytest.mark.parametrize("name", ["gotk-snyc.yaml", "gotk-components.yaml"])
def test_a_bootstrapped_cluster_whose_sync_is_named_wrongly_is_not_gone(tmp_path: Path, name: str) -> None:
    files = two_clusters()
    files["clusters/staging/flux-system/kustomization.yaml"] = overlay("gotk-components.yaml", name)
    fleet = loaded(tmp_path, files)
    assert entries(fleet) == {"production": "clusters/production", "staging": "clusters/staging"}
    assert fleet["staging"]["flux-system"].location.file == "clusters/staging/flux-system/gotk-sync.yaml"
    assert isinstance(fleet["staging"]["flux-system"].outcome, Failed)


def test_a_tenant_s_root_is_no_cluster_where_nobody_knows_the_repository_s_url(tmp_path: Path) -> None:
    tenant = kustomization("team", "./", source="team").replace("  path: ./\n", "")
    files = {
        f"clusters/{cluster}/tenants.yaml": kustomization("tenants", f"./tenants/{cluster}")
        for cluster in ("production", "staging")
    }
    files |= {f"tenants/{cluster}/kustomization.yaml": overlay("../base") for cluster in ("production", "staging")}
    files |= {
        "tenants/base/kustomization.yaml": overlay("sync.yaml"),
        "tenants/base/sync.yaml": source("team", "https://github.com/example-org/team") + "---\n" + tenant,
    }
    write_files(tmp_path, files)
    fleet = load(tmp_path, engine="bundled")
    assert entries(fleet) == {"production": "clusters/production", "staging": "clusters/staging"}
    assert [sorted(outcomes(fleet)[name]) for name in ("production", "staging")] == [
        ["flux-system/flux-system", "flux-system/team", "flux-system/tenants"]
    ] * 2
