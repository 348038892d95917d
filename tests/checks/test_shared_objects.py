"""What two Kustomizations both apply is an error where they differ or pruning does harm, else a warning."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import Files, bootstrap, config_map, helm_repository, kustomization, overlay
from fleet_outcomes import loaded

from pytest_gitops.checks import FleetIndex, Selection, built_in, run

REPOSITORY = helm_repository("charts", "web")
MAP = config_map("web", a="b")
KEPT = MAP.replace("metadata:\n", "metadata:\n  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n")
PATCH = """\
patches:
  - patch: |
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: web
        namespace: web
      data:
        a: c
"""
LABELLED = "commonMetadata:\n  labels:\n    app: {}\n"


def told(root: Path, more: Files, one: str = "./apps/one", two: str = "./apps/two", extra: str = "") -> list[str]:
    """Return what is told of a cluster with two Kustomizations, each with a label of its own."""
    files = {
        **bootstrap("home"),
        "clusters/home/one.yaml": kustomization("one", one, extra=LABELLED.format("one") + extra),
        "clusters/home/two.yaml": kustomization("two", two, extra=LABELLED.format("two")),
        **more,
    }
    results = run(FleetIndex(loaded(root, files)), built_in(), Selection(only=("owner-conflict",)))
    return [f"{finding.severity.value} {finding.location}: {finding.message}" for finding in results.findings]


def each(text: str, other: str | None = None) -> Files:
    return {"apps/one/object.yaml": text, "apps/two/object.yaml": text if other is None else other}


def component(text: str) -> Files:
    """Return two overlays of one component, which holds an object."""
    return {
        "apps/one/kustomization.yaml": "components: [../../shared]\n",
        "apps/two/kustomization.yaml": "components: [../../shared]\n",
        "shared/kustomization.yaml": overlay("object.yaml")
        .replace("v1beta1", "v1alpha1")
        .replace("kind: Kustomization", "kind: Component"),
        "shared/object.yaml": text,
    }


@pytest.mark.parametrize(
    ("files", "extra", "expected"),
    [
        (component(MAP), "", "warning shared/object.yaml:4: ConfigMap/web/web"),
        (
            component(MAP),
            PATCH,
            "error shared/object.yaml:4: ConfigMap/web/web",
        ),
        (each(MAP), "", "error apps/two/object.yaml:4: ConfigMap/web/web"),
        (each(KEPT), "", "warning apps/two/object.yaml:6: ConfigMap/web/web"),
        (each(KEPT, MAP), "", "error apps/two/object.yaml:4: ConfigMap/web/web"),
        (each(REPOSITORY), "", "warning apps/two/object.yaml:4: HelmRepository/web/charts"),
        (
            each(REPOSITORY, helm_repository("charts", "web", interval="2h")),
            "",
            "error apps/two/object.yaml:4: HelmRepository/web/charts",
        ),
    ],
    ids=["one file", "changed", "copied", "never pruned", "pruned by one", "a source", "sources that differ"],
)
def test_objects_of_two_kustomizations(files: Files, extra: str, expected: str, tmp_path: Path) -> None:
    assert told(tmp_path, files, extra=extra) == [f"{expected} is applied by flux-system/one and flux-system/two"]


def test_two_kustomizations_of_one_directory(tmp_path: Path) -> None:
    assert told(tmp_path, each(MAP), two="./apps/one") == [
        "error apps/one/object.yaml:4: ConfigMap/web/web is applied by flux-system/one and flux-system/two"
    ]
