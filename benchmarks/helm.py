"""Measures how fast HelmReleases are rendered: 200 of 20 charts, with what the whole run takes of two cores.

As a program it renders the releases of the charts in a folder: ``python benchmarks/helm.py FOLDER``.
"""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

from measure import run
from report import Table

from pytest_gitops.rendering import create_renderer
from pytest_gitops.rendering.charts import ChartPlace, HelmRequest, RenderedRelease

RELEASES, CHARTS = 200, 20
# What two cores have for a release at 200 releases a second, in milliseconds.
ALLOWED = 2 * 1000 / 200
KINDS = {
    "configmap": "v1/ConfigMap",
    "deployment": "apps/v1/Deployment",
    "hpa": "autoscaling/v2/HorizontalPodAutoscaler",
    "ingress": "networking.k8s.io/v1/Ingress",
    "service": "v1/Service",
    "serviceaccount": "v1/ServiceAccount",
}
TEMPLATE = """\
{{- if (index .Values "%(kind)s").enabled }}
apiVersion: %(version)s
kind: %(name)s
metadata:
  name: {{ include "%(chart)s.name" . }}
  labels: {{- include "%(chart)s.labels" . | nindent 4 }}
  {{- with (index .Values "%(kind)s").annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- range $index, $item := (index .Values "%(kind)s").items }}
  field{{ $index }}: {{ tpl (toString $item) $ | quote }}
  {{- end }}
  template: {{- toYaml .Values.pod | nindent 4 }}
{{- end }}
"""
HELPERS = """\
{{- define "%(chart)s.name" -}}
{{- printf "%%s-%%s" .Release.Name (default .Chart.Name .Values.nameOverride) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- define "%(chart)s.labels" -}}
helm.sh/chart: {{ printf "%%s-%%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
"""
POD = """\
pod:
  spec:
    containers:
      - name: main
        image: nginx:1.27
        ports: [{name: http, containerPort: 8080}]
        resources: {limits: {memory: 128Mi}, requests: {cpu: 10m}}
        livenessProbe: {httpGet: {path: /, port: http}}
"""


def measure_helm(work: Path, repeat: int) -> tuple[Table, dict[str, Any]]:
    """Render the releases in one process and its engine, nothing kept from before."""
    work.mkdir(parents=True)
    for number in range(CHARTS):
        pack(work, f"chart-{number}")
    command = [sys.executable, __file__, str(work)]
    idle = [run([*command, "--none"], cwd=work) for _ in range(repeat)]
    costs = [run(command, cwd=work) for _ in range(repeat)]
    for cost in (*idle, *costs):
        if cost.status != 0:
            sys.exit(f"rendering ended with {cost.status}:\n{cost.output[-4000:]}")
    each = 1000 * (median(cost.cpu for cost in costs) - median(cost.cpu for cost in idle)) / RELEASES
    table = Table(f"CPU milliseconds a HelmRelease, {RELEASES} of {CHARTS} charts")
    table.add(f"200 a second on two cores: at most {ALLOWED:g}", each, ALLOWED, 1)
    return table, {"cpu": each, "releases": RELEASES}


def pack(folder: Path, chart: str) -> None:
    """Write a chart's archive: six templates, helpers, and values for each of them."""
    values = "".join(
        f"{kind}:\n  enabled: true\n  annotations: {{a: '1', b: '2'}}\n  items: [1, two, '{{{{ .Release.Name }}}}']\n"
        for kind in KINDS
    )
    files = {
        "Chart.yaml": f"apiVersion: v2\nname: {chart}\nversion: 1.0.0\nappVersion: '1'\n",
        "values.yaml": values + POD,
        "templates/_helpers.tpl": HELPERS % {"chart": chart},
        **{f"templates/{kind}.yaml": template(chart, kind, full) for kind, full in KINDS.items()},
    }
    with tarfile.open(folder / f"{chart}.tgz", "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(f"{chart}/{name}")
            info.size = len(text.encode())
            archive.addfile(info, BytesIO(text.encode()))


def template(chart: str, kind: str, full: str) -> str:
    """Return the template of a kind."""
    version, _, name = full.rpartition("/")
    return TEMPLATE % {"chart": chart, "kind": kind, "name": name, "version": version}


def render(folder: Path, count: int) -> None:
    """Render that many releases, each with values of its own."""
    archives = sorted(folder.glob("*.tgz"))
    renderer = create_renderer("bundled", deadline=60.0)
    for number in range(count):
        values: Mapping[str, Any] = {"ingress": {"annotations": {"number": str(number)}}}
        metadata = {"name": f"release-{number}", "namespace": "apps"}
        place = ChartPlace(archive=archives[number % len(archives)])
        renderer.submit(
            HelmRequest(release={"metadata": metadata, "spec": {"values": values}}, chart=place, chart_spec={})
        )
    for _ in range(count):
        outcome = renderer.next_done().outcome
        if not isinstance(outcome, RenderedRelease) or len(outcome.rendered) != len(KINDS):
            sys.exit(f"a release did not render: {outcome}")
    renderer.close()


if __name__ == "__main__":
    render(Path(sys.argv[1]), 0 if "--none" in sys.argv else RELEASES)
