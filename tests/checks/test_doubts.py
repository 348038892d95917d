"""What can't be rendered here casts doubt on what is missing only where it may hold that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fleet_files import bootstrap, config_map, helm_repository, kustomization, source
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
CHARTS = helm_repository("charts")


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


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("setings", r"warning Did you mean settings\?"),
        ("settings", r"warning Did you mean settings-\w{10}\?"),
        ("other", "info Create it, .*"),
    ],
    ids=["misspelt", "without the hash", "another"],
)
def test_what_a_generator_makes_is_known_by_its_name(name: str, told: str, tmp_path: Path) -> None:
    values = f"  valuesFrom:\n    - kind: ConfigMap\n      name: {name}\n"
    files = {
        **bootstrap("home"),
        "clusters/home/apps.yaml": kustomization("apps", "./apps"),
        "apps/kustomization.yaml": (
            "namespace: flux-system\nresources: [release.yaml]\n"
            "configMapGenerator:\n  - name: settings\n    literals: [values.yaml=a]\n"
        ),
        "apps/release.yaml": f"{CHARTS}---\n{RELEASE.format(name='web')}{values}---\n{RELEASE.format(name='api')}",
    }
    results = run(FleetIndex(loaded(tmp_path, files)), built_in(), Selection(only=("values-from-missing",)))
    (finding,) = results.findings
    assert re.fullmatch(told, f"{finding.severity.value} {finding.remedy}")
