"""Whatever a repository holds, loading it ends: with a fleet, in which at most what is odd itself has failed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fleet_files import Files, bootstrap, kustomization, overlay
from fleet_outcomes import described, loaded

HEAD = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
NAMED = HEAD + "metadata:\n  name: odd\n  namespace: flux-system\n"
WEB = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n"
SOURCE = "  sourceRef:\n    kind: GitRepository\n    name: flux-system\n"

ODD = {
    "no spec": NAMED,
    "a spec that is a list": NAMED + "spec: []\n",
    "a spec that is a text": NAMED + "spec: text\n",
    "a path that is a number": NAMED + "spec:\n  path: 1\n" + SOURCE,
    "a path that is a mapping": NAMED + "spec:\n  path: {a: b}\n" + SOURCE,
    "a path out of the repository": NAMED + "spec:\n  path: ../../../etc\n" + SOURCE,
    "an absolute path": NAMED + "spec:\n  path: /etc\n" + SOURCE,
    "a source that is a list": NAMED + "spec:\n  path: ./web\n  sourceRef: []\n",
    "a source whose name is a number": NAMED + "spec:\n  path: ./web\n  sourceRef: {kind: GitRepository, name: 1}\n",
    "variables from a text": NAMED + "spec:\n  path: ./web\n  postBuild: {substituteFrom: text}\n" + SOURCE,
    "variables from texts": NAMED + "spec:\n  path: ./web\n  postBuild: {substituteFrom: [text, 1, null]}\n" + SOURCE,
    "a postBuild that is a list": NAMED + "spec:\n  path: ./web\n  postBuild: []\n" + SOURCE,
    "values that are no texts": NAMED + "spec:\n  path: ./web\n  postBuild: {substitute: {A: 1, B: null}}\n" + SOURCE,
    "a kubeConfig that is a text": NAMED + "spec:\n  path: ./web\n  kubeConfig: text\n" + SOURCE,
    "components that are a text": NAMED + "spec:\n  path: ./web\n  components: text\n" + SOURCE,
    "metadata that is a text": HEAD + "metadata: text\nspec:\n  path: ./web\n" + SOURCE,
    "no name": HEAD + "metadata: {}\nspec:\n  path: ./web\n" + SOURCE,
    "labels that are a list": NAMED.replace("metadata:\n", "metadata:\n  labels: []\n  annotations: text\n")
    + "spec:\n  path: ./web\n"
    + SOURCE,
    "a Secret of odd values": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: flux-system\n"
    "data: [a]\nstringData: text\n",
    "a FluxInstance of odd values": "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata:\n  name: f\n"
    "spec:\n  distribution: text\n  kustomize: {patches: text}\n  sync: {path: clusters/prod, kind: [], url: 1}\n",
    "a source of odd values": "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: o\n"
    "  namespace: flux-system\nspec:\n  url: [1]\n  ref: text\n  ignore: 1\n  include: [text, {repository: text}]\n",
    "a HelmRelease of odd values": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n"
    "  name: flux-instance\nspec:\n  chart: text\n  values: {instance: text}\n",
    "a controller of odd values": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: kustomize-controller\n"
    "  namespace: flux-system\nspec:\n  template: {spec: {containers: {a: b}}}\n",
    "an ExternalSecret of odd values": "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n"
    "  name: e\n  namespace: flux-system\nspec:\n  target: text\n  data: text\n",
    "an empty file": "",
    "a list of a list": "- - a\n",
    "a null": "null\n",
}


def fleet_with(name: str, text: str) -> Files:
    """Return a cluster with the Kustomization web, and another one whose entry holds a document."""
    return {
        **bootstrap("prod"),
        **bootstrap("other"),
        f"clusters/prod/{name}.yaml": text,
        "clusters/other/web.yaml": kustomization("web", "./web"),
        "web/web.yaml": WEB,
    }


@pytest.mark.parametrize("name", sorted(ODD))
def test_an_odd_document_harms_nobody_else(tmp_path: Path, name: str) -> None:
    fleet = loaded(tmp_path, fleet_with("odd", ODD[name]))
    assert described(fleet["other"]["web"].outcome) == "ConfigMap/web"
    assert [cluster.name for cluster in fleet.clusters] == ["other", "prod"]


def test_an_odd_document_that_is_everything(tmp_path: Path) -> None:
    for index, text in enumerate(ODD.values()):
        assert loaded(tmp_path / str(index), {"a/odd.yaml": text}).root == tmp_path / str(index)


def test_links_lead_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "web.yaml").write_text(WEB)
    root = tmp_path / "fleet"
    files = fleet_with("out", kustomization("out", "./link"))
    (root / "clusters").mkdir(parents=True)
    (root / "link").symlink_to(outside)
    (root / "clusters/ring").symlink_to(root)
    fleet = loaded(root, files)
    assert described(fleet["prod"]["out"].outcome).startswith("failed: path-not-found clusters/prod/out.yaml:8 ")
    assert described(fleet["other"]["web"].outcome) == "ConfigMap/web"


def test_overlays_that_name_each_other_end(tmp_path: Path) -> None:
    files = {"a/kustomization.yaml": overlay("../b"), "b/kustomization.yaml": overlay("../a")}
    (broken,) = loaded(tmp_path, files).overlays
    assert (broken.path, described(broken.outcome).split(" ")[0]) == ("a", "failed:")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_fails_what_reads_it(tmp_path: Path) -> None:
    files = fleet_with("web", kustomization("web", "./web2")) | {"web2/web.yaml": WEB}
    loaded(tmp_path, files)
    (tmp_path / "web2/web.yaml").chmod(0)
    fleet = loaded(tmp_path, {})
    assert described(fleet["prod"]["web"].outcome).startswith("failed: ")
    assert described(fleet["other"]["web"].outcome) == "ConfigMap/web"
