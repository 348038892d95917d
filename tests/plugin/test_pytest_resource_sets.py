"""What ResourceSets give is judged as part of the cluster, and told where the template is."""

from __future__ import annotations

import pytest
from fleet_files import bootstrap, namespace, write_files
from running import Run

SET = """\
apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata:
  name: apps
  namespace: flux-system
spec:
  dependsOn:
    - {apiVersion: fluxcd.controlplane.io/v1, kind: ResourceSet, name: absent, ready: true, readyExpr: "status.x =="}
  inputs:
    - app: web
  resources:
    - apiVersion: v1
      kind: Service
      metadata:
        name: << inputs.app >>
        namespace: shop
      spec:
        ports:
          - port: "eighty"
"""


def test_findings_are_told_at_the_template(pytester: pytest.Pytester, run_checks: Run) -> None:
    files = {"clusters/production/set.yaml": SET, "clusters/production/shop.yaml": namespace("shop")}
    write_files(pytester.path, bootstrap("production") | files)
    result = run_checks("-v")
    entry = "clusters/production/flux-system/gotk-sync.yaml::production"
    assert result.parseoutcomes()["failed"] == 2
    result.stdout.fnmatch_lines(
        [
            "clusters/production/set.yaml:19: Service web: spec.ports[[]0].port is *",
            "clusters/production/set.yaml:8: ResourceSet apps depends on ResourceSet flux-system/absent, which*",
            "clusters/production/set.yaml:8: ResourceSet flux-system/apps: Flux can't read the expression readyExpr:*",
        ]
    )
    text = result.stdout.str()
    for check in ("build", "schema", "references", "policy"):
        assert f"{entry}::ResourceSet/flux-system/apps::{check}" in text
