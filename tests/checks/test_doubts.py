"""What can't be rendered here casts doubt on what is missing only where it may hold that."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import bootstrap, config_map, kustomization, source
from fleet_outcomes import loaded

from pytest_gitops.checks import FleetIndex, Selection, built_in, run

RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: {name}
  namespace: flux-system
spec:
  interval: 10m
  chart:
    spec:
      chart: {name}
      sourceRef:
        kind: HelmRepository
        name: charts
        namespace: flux-system
"""
CHARTS = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata:
  name: charts
  namespace: flux-system
spec:
  interval: 1h
  url: https://charts.example.com
"""


def from_elsewhere(url: str) -> str:
    return f"{source('elsewhere', url)}---\n{kustomization('elsewhere', './', 'elsewhere')}"


@pytest.mark.parametrize(
    ("beside", "severity"),
    [
        ("", "error"),
        (from_elsewhere("https://github.com/example-org/more"), "warning"),
        (from_elsewhere("https://github.com/fluxcd/flux2"), "error"),
        (f"{CHARTS}---\n{RELEASE.format(name='tofu-controller')}", "error"),
        (f"{CHARTS}---\n{RELEASE.format(name='flux2-sync')}", "warning"),
    ],
    ids=["nothing", "another repository", "Flux itself", "a chart", "a chart of Flux's objects"],
)
def test_a_misspelt_dependency(beside: str, severity: str, tmp_path: Path) -> None:
    files = {
        **bootstrap("home"),
        "clusters/home/configs.yaml": kustomization("configs", "./configs"),
        "clusters/home/apps.yaml": kustomization("apps", "./apps", extra="dependsOn:\n  - name: confgis"),
        "clusters/home/beside.yaml": beside,
        "configs/map.yaml": config_map("configs"),
        "apps/map.yaml": config_map("apps"),
    }
    fleet = loaded(tmp_path, {name: text for name, text in files.items() if text})
    results = run(FleetIndex(fleet), built_in(), Selection(only=("dependency-missing",)))
    assert [f"{finding.severity.value} {finding.location}" for finding in results.findings] == [
        f"{severity} clusters/home/apps.yaml:14"
    ]
