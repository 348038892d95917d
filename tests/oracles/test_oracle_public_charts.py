"""Charts that many clusters run, out of the Go modules of their projects, render as Flux renders them."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from helm_oracle import NAMESPACE, Ask, objects, release, sources

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering import Renderer
from pytest_gitops.rendering.charts import ChartInfo, ChartPlace, ChartRequest, HelmRequest, RenderedRelease

# What the cluster serves beside what Helm knows without one.
SERVED = (
    "monitoring.coreos.com/v1",
    "monitoring.coreos.com/v1/ServiceMonitor",
    "networking.k8s.io/v1/Ingress",
    "policy/v1/PodDisruptionBudget",
    "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy",
)
CUSTOM = {
    "ServiceMonitor",
    "PodMonitor",
    "PrometheusRule",
    "Certificate",
    "Issuer",
    "HTTPRoute",
    "Canary",
    "ClusterPolicy",
}
MODULES = {
    "podinfo": ("github.com/stefanprodan/podinfo@v1.8.1-0.20250910200901-e86405a8674e", "charts/podinfo"),
    "metrics-server": ("sigs.k8s.io/metrics-server@v0.9.0", "charts/metrics-server"),
    "descheduler": ("sigs.k8s.io/descheduler@v0.36.0", "charts/descheduler"),
    "ingress-nginx": ("k8s.io/ingress-nginx@v0.0.0-20240708192948-52c50467d67d", "charts/ingress-nginx"),
    "sealed-secrets": ("github.com/bitnami-labs/sealed-secrets@v0.27.3", "helm/sealed-secrets"),
    "flagger": ("github.com/fluxcd/flagger@v1.36.1", "charts/flagger"),
    "loadtester": ("github.com/fluxcd/flagger@v1.36.1", "charts/loadtester"),
    "grafana": ("github.com/fluxcd/flagger@v1.36.1", "charts/grafana"),
    "gatekeeper": ("github.com/open-policy-agent/gatekeeper/v3@v3.23.1", "charts/gatekeeper"),
    "external-secrets": (
        "github.com/external-secrets/external-secrets@v1.3.2",
        "deploy/charts/external-secrets",
    ),
    "external-dns": ("sigs.k8s.io/external-dns@v0.15.0", "charts/external-dns"),
    "node-feature-discovery": ("sigs.k8s.io/node-feature-discovery@v0.16.6", "deployment/helm/node-feature-discovery"),
    "kueue": ("sigs.k8s.io/kueue@v0.9.1", "charts/kueue"),
    "secrets-store-csi-driver": ("sigs.k8s.io/secrets-store-csi-driver@v1.4.7", "charts/secrets-store-csi-driver"),
    "kyverno": ("github.com/kyverno/kyverno@v1.13.2", "charts/kyverno"),
    "kyverno-policies": ("github.com/kyverno/kyverno@v1.13.2", "charts/kyverno-policies"),
}
VALUES: Mapping[str, Mapping[str, Any]] = {
    "podinfo": {
        "ingress": {"enabled": True},
        "hpa": {"enabled": True, "cpu": 80},
        "redis": {"enabled": True},
        "serviceMonitor": {"enabled": True},
        "certificate": {"create": True},
        "podDisruptionBudget": {"minAvailable": 1},
    },
    "metrics-server": {"metrics": {"enabled": True}, "serviceMonitor": {"enabled": True}, "replicas": 2},
    "descheduler": {"kind": "Deployment", "leaderElection": {"enabled": True}, "replicas": 2},
    "ingress-nginx": {
        "controller": {
            "kind": "Both",
            "metrics": {"enabled": True, "serviceMonitor": {"enabled": True}},
            "autoscaling": {"enabled": True},
            "extraModules": [{"name": "a", "image": {"image": "b", "tag": "1"}}],
        },
        "defaultBackend": {"enabled": True},
        "tcp": {"22": "apps/git:22"},
    },
    "sealed-secrets": {"metrics": {"serviceMonitor": {"enabled": True}}, "ingress": {"enabled": True}},
    "flagger": {"podMonitor": {"enabled": True}, "meshProvider": "gatewayapi:v1", "prometheus": {"install": True}},
    "gatekeeper": {"enableExternalData": True, "psp": {"enabled": False}, "replicas": 1},
    "external-secrets": {
        "serviceMonitor": {"enabled": True},
        "webhook": {"certManager": {"enabled": True}},
        "podDisruptionBudget": {"enabled": True},
    },
    "external-dns": {
        "serviceMonitor": {"enabled": True},
        "provider": {"name": "google"},
        "sources": ["crd", "ingress"],
    },
    "node-feature-discovery": {"topologyUpdater": {"enable": True, "createCRDs": True}, "prometheus": {"enable": True}},
    "kueue": {"enablePrometheus": True, "enableCertManager": True},
    "secrets-store-csi-driver": {"syncSecret": {"enabled": True}, "windows": {"enabled": True}},
    "kyverno": {"admissionController": {"replicas": 3}, "cleanupController": {"enabled": False}},
    "kyverno-policies": {"podSecurityStandard": "restricted", "validationFailureAction": "Enforce"},
}
CASES = [*((name, {}) for name in MODULES), *VALUES.items()]


@pytest.fixture
def dependencies(tmp_path: Path) -> Mapping[str, Path]:
    """The archives of charts that some of these depend on and that none of them switches on."""
    archive = tmp_path / "bitwarden-sdk-server.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        text = b"apiVersion: v2\nname: bitwarden-sdk-server\nversion: 0.5.2\n"
        info = tarfile.TarInfo("bitwarden-sdk-server/Chart.yaml")
        info.size = len(text)
        tar.addfile(info, BytesIO(text))
    return {"bitwarden-sdk-server": archive}


@pytest.mark.parametrize(("name", "values"), CASES, ids=[f"{n}-{'values' if v else 'default'}" for n, v in CASES])
def test_same_as_flux(
    name: str,
    values: Mapping[str, Any],
    renderer: Renderer,
    make_chart: Ask,
    install: Ask,
    dependencies: Mapping[str, Path],
    tmp_path: Path,
) -> None:
    module, path = MODULES[name]
    root = downloaded(module) / path
    archive = tmp_path / "chart.tgz"
    given = {chart: str(file) for chart, file in dependencies.items()}
    made = make_chart({"directory": str(root), "path": ".", "dependencies": given, "output": str(archive)})
    assert "error" not in made, made
    spec = {"values": values, "postRenderers": [{"kustomize": {"images": [{"name": "busybox", "newTag": "9"}]}}]}
    asked = {"release": release(spec), "chart": str(archive), "kubernetes": "1.35.0", "api_versions": list(SERVED)}
    expected, again = install(asked), install(asked)
    assert "error" not in expected, expected
    tree = renderer.open(root)
    renderer.submit(ChartRequest(chart=ChartPlace(tree, "")))
    info = renderer.next_done().outcome
    assert isinstance(info, ChartInfo), info
    absent = [(found, dependencies[found.name]) for found in info.dependencies if not found.present]
    for place, added in ((ChartPlace(archive=archive), []), (ChartPlace(tree, ""), absent)):
        renderer.submit(
            HelmRequest(
                release=release(spec),
                chart=place,
                chart_spec={},
                dependencies=added,
                kubernetes="1.35.0",
                api_versions=SERVED,
            )
        )
        got = renderer.next_done().outcome

        assert isinstance(got, RenderedRelease), got
        rendered = [resource.object for resource in got.rendered]
        result = (rendered, [hook.object for hook in got.hooks])
        first, second = (read(answer, unknown(rendered)) for answer in (expected, again))
        assert without_chance(result, first, second) == without_chance(first, first, second)
        assert ("random" in got.uses) == (first != second)
        if place.archive is not None:
            crds = len(expected["crds"] or ())
            assert [resource.origin for resource in got.rendered][crds:] == sources(expected["manifest"])


def read(answer: JsonObject, unknown: set[str]) -> tuple[list[JsonObject], list[JsonObject]]:
    """Return the objects of a release and those of its hooks."""
    hooks = [item for hook in answer["hooks"] for item in objects(hook["manifest"], NAMESPACE, unknown)]
    return [*(answer["crds"] or ()), *objects(answer["manifest"], NAMESPACE, unknown)], hooks


def without_chance(value: Any, first: Any, second: Any) -> Any:
    """Return a value less all that differs between two renders of the same."""
    if isinstance(first, dict) and isinstance(value, dict):
        return {key: without_chance(item, first.get(key), second.get(key)) for key, item in value.items()}
    if isinstance(first, list | tuple) and isinstance(value, list | tuple) and len(value) == len(first):
        return [without_chance(*items) for items in zip(value, first, second, strict=True)]
    return value if first == second else "?"


def unknown(rendered: list[Any]) -> set[str]:
    """Return the kinds whose scope nothing tells: custom ones that the release brings no definition of."""
    brought = {item["spec"]["names"]["kind"] for item in rendered if item["kind"] == "CustomResourceDefinition"}
    return CUSTOM - brought - {"HTTPRoute", "Canary"}


def downloaded(module: str) -> Path:
    """Return a module's files."""
    if shutil.which("go") is None:
        pytest.skip("the chart comes out of a Go module, and there is no go on PATH")
    download = subprocess.run(
        ["go", "mod", "download", "-json", module], check=False, capture_output=True, cwd=Path(__file__).parent
    )
    found = json.loads(download.stdout or b"{}")
    if "Dir" not in found:
        pytest.skip(f"{module} is not to be had: {found.get('Error', download.stderr.decode())}")
    return Path(found["Dir"])
