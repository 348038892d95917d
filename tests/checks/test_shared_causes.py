"""What one line does to many objects is one finding, which says how many there are."""

from __future__ import annotations

from pathlib import Path

from fleet_files import Files, bootstrap, kustomization, namespace
from fleet_outcomes import loaded

from pytest_gitops.checks import FleetIndex, Selection, built_in, run
from pytest_gitops.model import Fleet
from pytest_gitops.validation import SchemaJudge

WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - name: {name}
          image: example.com/{name}:1.0
          envFrom: [{{configMapRef: {{name: settings}}}}]
"""
GENERATED = "configMapGenerator:\n  - {name: settings, namespace: shop, literals: ['REGION=${region}']}\n"


def fleet(patch: str) -> Files:
    """Return two clusters of other variables, which apply two Deployments with one patch."""
    files: Files = {}
    for cluster, region in (("prod", "eu"), ("staging", "us")):
        variables = f"postBuild:\n    substitute: {{region: {region}}}"
        files |= bootstrap(cluster)
        files[f"clusters/{cluster}/shop.yaml"] = kustomization("shop", "./shop", extra=variables)
    names = ("namespace", "web", "api")
    files["shop/kustomization.yaml"] = (
        "resources: [" + ", ".join(f"{name}.yaml" for name in names) + "]\n"
        f"{GENERATED}patches: [{{path: patch.yaml, target: {{kind: Deployment}}}}]\n"
    )
    files["shop/namespace.yaml"] = namespace("shop")
    files |= {f"shop/{name}.yaml": WORKLOAD.format(name=name) for name in ("web", "api")}
    return {**files, "shop/patch.yaml": patch}


def told(found: Fleet, *rules: str) -> list[tuple[str, str, str, int]]:
    """Return message, place and clusters of each finding, and how many items it fails."""
    results = run(FleetIndex(found), built_in(), Selection(only=rules), SchemaJudge())
    return [
        (f.message.partition(", which")[0], str(f.location), ",".join(f.clusters), len(results.items(f)))
        for f in results.findings
    ]


def test_a_patch_of_several_objects(tmp_path: Path) -> None:
    patch = "- op: add\n  path: /spec/replicaz\n  value: 3\n"
    assert told(loaded(tmp_path, fleet(patch)), "schema-unknown-field") == [
        ("Deployment web and 1 more: spec.replicaz is not a known field", "shop/patch.yaml:3", "prod,staging", 2)
    ]


def test_an_object_of_several_clusters_and_generated_names(tmp_path: Path) -> None:
    files = fleet("[]")
    files["shop/web.yaml"] += "          env: [{name: L, valueFrom: {configMapKeyRef: {name: settings, key: L}}}]\n"
    (found,) = told(loaded(tmp_path, files), "config-map-missing")
    assert found[0].startswith("Deployment web needs the key L of ConfigMap settings-")
    assert found[1:] == ("shop/web.yaml:13", "prod,staging", 2)


def test_a_patch_of_kustomizations_in_several_namespaces(tmp_path: Path) -> None:
    patch = (
        "patches:\n  - target: {kind: Kustomization}\n    patch: |\n      - op: add\n        path: /spec/postBuild\n"
        "        value: {substituteFrom: [{kind: ConfigMap, name: absent}]}"
    )
    files = {**bootstrap("prod"), "clusters/prod/apps.yaml": kustomization("apps", "./apps", extra=patch)}
    for name in ("api", "web"):
        child = kustomization(name, "./empty").replace("namespace: flux-system", f"namespace: {name}")
        files[f"apps/{name}.yaml"] = child + "    namespace: flux-system\n"
        files[f"apps/{name}-namespace.yaml"] = namespace(name)
    files["empty/kustomization.yaml"] = "resources: []\n"
    assert told(loaded(tmp_path, files), "substitute-from-missing") == [
        (
            "Kustomization api and 1 more takes variables from ConfigMap absent",
            "clusters/prod/apps.yaml:18",
            "prod",
            1,
        )
    ]
