"""Each part has a file of its own, wherever names come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_gitops.model import Cluster, Fleet, HelmRelease, Kustomization, Location, Overlay, Rendered, ResourceId
from pytest_gitops.snapshots.files import Plan, applier, safe
from pytest_gitops.snapshots.variants import find_variants


def kustomization(name: str, namespace: str = "flux-system", **spec: str) -> Kustomization:
    id = ResourceId("kustomize.toolkit.fluxcd.io", "Kustomization", namespace, name)
    return Kustomization(id, {"spec": spec}, Location("a.yaml", 1), Rendered(()))


def release(name: str) -> HelmRelease:
    id = ResourceId("helm.toolkit.fluxcd.io", "HelmRelease", "flux-system", name)
    return HelmRelease(id, {}, Location("a.yaml", 1), Rendered(()))


def fleet(root: Path, *clusters: Cluster, overlays: tuple[str, ...] = ()) -> Fleet:
    found = tuple(Overlay(path, f"{path}/kustomization.yaml", Rendered(())) for path in overlays)
    return Fleet(root, clusters, found)


def cluster(name: str, *parts: Kustomization | HelmRelease) -> Cluster:
    kustomizations = tuple(part for part in parts if isinstance(part, Kustomization))
    releases = tuple(part for part in parts if isinstance(part, HelmRelease))
    return Cluster(name, f"clusters/{name}", f"clusters/{name}/a.yaml", kustomizations, helm_releases=releases)


def files(root: Path, fleet: Fleet) -> list[str]:
    variants = find_variants(fleet)
    plan = Plan(fleet, root, variants)
    parts = [part for cluster in fleet.clusters for part in cluster.parts]
    found = [*parts, *fleet.overlays, *variants]
    assert len({plan.path(part) for part in found}) == len(found) == len(plan.paths)
    return [plan.path(part).relative_to(root).as_posix() for part in found]


def test_files_say_what_they_are_about(tmp_path: Path) -> None:
    clusters = (
        cluster("prod/eu", kustomization("apps"), kustomization("web", "web"), release("apps")),
        cluster("prod", kustomization("apps")),
    )
    assert files(tmp_path, fleet(tmp_path, *clusters, overlays=("apps/a", "", "apps"))) == [
        "clusters/prod/eu/flux-system/apps.yaml",
        "clusters/prod/eu/web/web.yaml",
        "clusters/prod/eu/flux-system/apps.helmrelease.yaml",
        "clusters/prod/flux-system/apps.yaml",
        "overlays/apps/a.yaml",
        "overlays/%2E.yaml",
        "overlays/apps.yaml",
        "variants/clusters/flux-system/apps.yaml",
    ]


def test_no_name_leads_out_or_to_the_file_of_another(tmp_path: Path) -> None:
    names = ["../../etc", "a/b", "a%2Fb", "a.helmrelease", "a", ".hidden", "-v", "é", "a b", "a:b"]
    parts = [kustomization(name) for name in (*names, "x" * 300, "x" * 301, "", "a")] + [release("a")]
    found = files(tmp_path, fleet(tmp_path, cluster("..", *parts)))
    assert found[:12] == [
        "clusters/%2E./flux-system/%2E.%2F..%2Fetc.yaml",
        "clusters/%2E./flux-system/a%2Fb.yaml",
        "clusters/%2E./flux-system/a%252Fb.yaml",
        "clusters/%2E./flux-system/a%2Ehelmrelease.yaml",
        "clusters/%2E./flux-system/a.yaml",
        "clusters/%2E./flux-system/%2Ehidden.yaml",
        "clusters/%2E./flux-system/%2Dv.yaml",
        "clusters/%2E./flux-system/%C3%A9.yaml",
        "clusters/%2E./flux-system/a%20b.yaml",
        "clusters/%2E./flux-system/a%3Ab.yaml",
        f"clusters/%2E./flux-system/{safe('x' * 300)}.yaml",
        f"clusters/%2E./flux-system/{safe('x' * 301)}.yaml",
    ]
    assert found[-2:] == [
        "clusters/%2E./flux-system/a~2.yaml",
        "clusters/%2E./flux-system/a.helmrelease.yaml",
    ]
    assert all((tmp_path / name).resolve().is_relative_to(tmp_path) and len(Path(name).name) < 255 for name in found)


def test_overlays_below_a_directory_that_is_called_like_a_file(tmp_path: Path) -> None:
    assert files(tmp_path, fleet(tmp_path, overlays=("a", "a.yaml", "a.yaml/b"))) == [
        "overlays/a.yaml",
        "overlays/a.yaml.yaml",
        "overlays/a%2Eyaml/b.yaml",
    ]


@pytest.mark.parametrize(
    ("path", "files", "applied"),
    [
        ("", [], True),
        ("./", ["kustomization.yaml"], False),
        ("clusters", [], False),
        ("", ["snapshots/kustomization.yaml"], False),
        ("snapshots", [], True),
        ("snapshots/sub", [], False),
    ],
)
def test_a_folder_is_applied_where_flux_makes_the_kustomization(
    tmp_path: Path, path: str, files: list[str], applied: bool
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("resources: []\n")
    id = ResourceId("kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", "a")
    part = Kustomization(id, {"spec": {"path": path}}, Location("a.yaml", 1), Rendered(()), directory=tmp_path)
    assert (applier(fleet(tmp_path, cluster("c", part)), "snapshots") is not None) is applied


def test_variants_are_parts_of_one_name_and_overlays_of_one_base(tmp_path: Path) -> None:
    for path, base in {
        "apps/web/staging": "../base",
        "apps/web/production": "../base",
        "production/shop": "../../base/shop",
        "staging/shop": "../../base/shop",
        "alone": "../apps/web/base/../base2",
        "escapes": "../../elsewhere",
    }.items():
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "kustomization.yaml").write_text(f"resources: [{base}, more.yaml]\n")
    for base in ("apps/web/base", "apps/web/base2", "base/shop"):
        (tmp_path / base).mkdir(parents=True)
    overlays = ("apps/web/staging", "apps/web/production", "staging/shop", "alone", "escapes")
    shop = replace(kustomization("shop", path="production/shop"), directory=tmp_path)
    clusters = (cluster("b", kustomization("apps"), shop), cluster("a", kustomization("apps"), kustomization("own")))
    found = find_variants(fleet(tmp_path, *clusters, overlays=overlays))
    assert [(group.name, [variant.label for variant in group.variants], group.file) for group in found] == [
        ("flux-system/apps", ["a", "b"], "clusters/a/a.yaml"),
        ("apps/web/base", ["production", "staging"], "apps/web/production/kustomization.yaml"),
        ("base/shop", ["production", "staging"], "clusters/b/a.yaml"),
    ]
