"""HelmReleases render with the charts that sources, references and the user's directories lead to, or say why not."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fleet_files import Files, bootstrap, kustomization, namespace
from fleet_outcomes import described, loaded
from serving import chart_registry, file_server

from pytest_gitops.model import Cluster, Failed, HelmRelease, Rendered
from pytest_gitops.network import Network

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: 4.5.6\n",
    "values.yaml": "greeting: hello\n",
    "templates/config.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata:\n"
        "  greeting: {{ .Values.greeting | quote }}\n"
        '  widgets: {{ .Capabilities.APIVersions.Has "example.org/v1/Widget" | quote }}\n'
        "  kubernetes: {{ .Capabilities.KubeVersion.Version }}\n"
    ),
}
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
"""
OWN = (
    "chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}"
)
REPOSITORY = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{name: charts, namespace: apps}}
spec: {{interval: 1h, url: "{url}"}}
"""
FROM_REPOSITORY = 'chart: {spec: {chart: web, version: "1.x", sourceRef: {kind: HelmRepository, name: charts}}}'


def release(name: str, *spec: str) -> str:
    """Return a HelmRelease in the namespace apps; ``spec`` are the lines of its spec."""
    lines = "".join(f"  {line}\n" for text in ("interval: 1h", *spec) for line in text.splitlines())
    head = f"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: {name}, namespace: apps}}\n"
    return f"{head}spec:\n{lines}"


def fleet(*objects: str, charts: Mapping[str, Mapping[str, str]] | None = None) -> Files:
    """Return a cluster that applies the objects, and charts by their directory."""
    files = {**bootstrap("prod"), "clusters/prod/apps.yaml": kustomization("apps", "./apps")}
    files["apps/objects.yaml"] = "---\n".join((namespace("apps"), *objects))
    for directory, chart in (charts or {"charts/web": CHART}).items():
        files |= {f"{directory}/{name}": text for name, text in chart.items()}
    return files


def cluster_of(root: Path, files: Files, **options: Any) -> Cluster:
    (cluster,) = loaded(root, files, **options).clusters
    return cluster


def data(found: HelmRelease) -> dict[str, str]:
    """Return what the chart's ConfigMap holds."""
    assert isinstance(found.outcome, Rendered), described(found.outcome)
    (resource,) = found.outcome
    values: dict[str, str] = resource["data"]
    return values


def packed(directory: Path, chart: Mapping[str, str] = CHART, name: str = "web-1.2.3") -> Path:
    """Write a chart as Helm packs one."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for file, text in chart.items():
            member = tarfile.TarInfo(f"web/{file}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def test_a_chart_of_the_repository(tmp_path: Path) -> None:
    cluster = cluster_of(tmp_path, fleet(release("web", OWN, "values: {greeting: hi}")), kubernetes="1.33.0")
    (found,) = cluster.helm_releases
    assert (found.name, found.parent, found.release, found.target) == (
        "HelmRelease/apps/web",
        "flux-system/apps",
        "web",
        "apps",
    )
    assert found.chart is not None
    assert (found.chart.name, found.chart.version, found.chart.app_version) == ("web", "1.2.3", "4.5.6")
    assert found.chart.source == "GitRepository/flux-system/flux-system"
    assert data(found) == {"greeting": "hi", "widgets": "false", "kubernetes": "v1.33.0"}
    assert found.rendered is not None
    (resource,) = found.rendered
    assert (resource.origin, resource.template) == ("charts/web/templates/config.yaml", None)
    assert {"charts/web/Chart.yaml", "charts/web/values.yaml"} <= set(found.rendered.reads)


def test_values_that_the_cluster_renders(tmp_path: Path) -> None:
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: given, namespace: apps}\n"
    values = f"{head}data: {{values.yaml: 'greeting: hey'}}\n"
    entry = "valuesFrom:\n  - {kind: ConfigMap, name: given}\n  - {kind: Secret, name: other, optional: true}"
    (found,) = cluster_of(tmp_path, fleet(release("web", OWN, entry), values)).helm_releases
    assert (data(found)["greeting"], found.unknown) == ("hey", ())


def test_values_that_only_the_cluster_has_are_unknown(tmp_path: Path) -> None:
    entry = "valuesFrom:\n  - {kind: Secret, name: given}"
    (found,) = cluster_of(tmp_path, fleet(release("web", OWN, entry))).helm_releases
    assert (data(found)["greeting"], found.unknown) == ("hello", ("Secret/given",))


def test_a_chart_that_cannot_do_without_unknown_values_is_skipped(tmp_path: Path) -> None:
    entry = "valuesFrom:\n  - {kind: Secret, name: given}"
    text = CHART["templates/config.yaml"].replace(".Values.greeting |", '(required "say it" .Values.said) |')
    charts = {"charts/web": {**CHART, "templates/config.yaml": text}}
    (found,) = cluster_of(tmp_path, fleet(release("web", OWN, entry), charts=charts)).helm_releases
    assert described(found.outcome) == (
        "skipped: it can't be told what it renders to without the values of Secret given: "
        "execution error at (web/templates/config.yaml:5:16): say it"
    )


VARIABLES = "postBuild:\n    substituteFrom: [{kind: Secret, name: settings}]"
SCHEMA = '{"properties": {"size": {"type": "integer"}, "level": {"enum": ["info", "debug"]}}}'


@pytest.mark.parametrize(
    ("values", "changed", "outcome"),
    [
        (
            "{size: '${size}', level: info}",
            {"values.schema.json": SCHEMA},
            (
                "skipped: it can't be told what it renders to without the variables that are not in Git: values don't "
                "meet the specifications of the schema(s) in the following chart(s): web: "
                "- at '/size': got string, want integer"
            ),
        ),
        (
            "{size: '${size}', level: loud}",
            {"values.schema.json": SCHEMA.replace("integer", "string")},
            (
                "failed: values apps/objects.yaml:12 values don't meet the specifications of the schema(s) in the "
                "following chart(s):\nweb:\n- at '/level': value must be one of 'info', 'debug'\n"
            ),
        ),
        (
            "{size: '${size}'}",
            {"templates/config.yaml": "a: {{ add1 (.Values.size | int) }}\nb: {{ .Values.none.at.all }}\n"},
            (
                "failed: template charts/web/templates/config.yaml:2 web/templates/config.yaml:2:13\n"
                '  executing "web/templates/config.yaml" at <.Values.none.at.all>:\n'
                "    nil pointer evaluating interface {}.at"
            ),
        ),
        (
            "{size: '${size}'}",
            {"templates/config.yaml": "a: {{ .Values.size.of }}\n"},
            (
                "skipped: it can't be told what it renders to without the variables that are not in Git: "
                'web/templates/config.yaml:1:13 executing "web/templates/config.yaml" at <.Values.size.of>: '
                "can't evaluate field of in type interface {}"
            ),
        ),
    ],
    ids=["its own type", "another value", "nothing at all", "a field of it"],
)
def test_what_a_chart_makes_of_a_variable_that_is_not_in_git_is_no_fault(
    tmp_path: Path, values: str, changed: Mapping[str, str], outcome: str
) -> None:
    files = fleet(release("web", OWN, f"values: {values}"), charts={"charts/web": {**CHART, **changed}})
    files["clusters/prod/apps.yaml"] = kustomization("apps", "./apps", extra=VARIABLES)
    (found,) = cluster_of(tmp_path, files).helm_releases
    assert described(found.outcome) == outcome


def test_a_definition_that_another_chart_brings_is_asked_for(tmp_path: Path) -> None:
    operator = {"Chart.yaml": "apiVersion: v2\nname: operator\nversion: 0.1.0\n", "templates/crd.yaml": DEFINITION}
    charts = {"charts/web": CHART, "charts/operator": operator}
    objects = release("web", OWN), release("operator", OWN.replace("charts/web", "charts/operator"))
    web, _operator = cluster_of(tmp_path, fleet(*objects, charts=charts)).helm_releases
    assert data(web)["widgets"] == "true"


def test_a_chart_that_gives_a_release(tmp_path: Path) -> None:
    umbrella = {
        "Chart.yaml": "apiVersion: v2\nname: umbrella\nversion: 0.1.0\n",
        "templates/web.yaml": release("web", OWN, "values: {greeting: from above}"),
    }
    charts = {"charts/web": CHART, "charts/umbrella": umbrella}
    files = fleet(release("umbrella", OWN.replace("charts/web", "charts/umbrella")), charts=charts)
    _umbrella, web = cluster_of(tmp_path, files).helm_releases
    assert (web.parent, data(web)["greeting"]) == ("HelmRelease/apps/umbrella", "from above")


@pytest.mark.parametrize(
    ("objects", "reason"),
    [
        (
            [release("web", FROM_REPOSITORY)],
            "skipped: the source of its chart, HelmRepository/apps/charts, is not there",
        ),
        (
            [release("web", FROM_REPOSITORY), REPOSITORY.format(url="https://charts.example.com")],
            (
                "skipped: chart web 1.x of HelmRepository/apps/charts (https://charts.example.com) is not available "
                "here; give a local directory for it with `sources: {HelmRepository/apps/charts: DIRECTORY}`"
            ),
        ),
        (
            [release("web", "chartRef: {kind: OCIRepository, name: web}")],
            "skipped: the source of its chart, OCIRepository/apps/web, is not there",
        ),
        (
            [release("web")],
            "skipped: it names no chart: neither spec.chart with its sourceRef, nor spec.chartRef",
        ),
        (
            [release("web", OWN.replace("charts/web", "charts/other"))],
            "failed: chart apps/objects.yaml:11 there is no chart at 'charts/other'",
        ),
    ],
)
def test_a_chart_that_is_not_had_takes_nothing_with_it(tmp_path: Path, objects: list[str], reason: str) -> None:
    files = fleet(*objects, release("fine", OWN))
    found = {part.id.name: part for part in cluster_of(tmp_path, files).helm_releases}
    assert isinstance(found["fine"].outcome, Rendered)
    assert described(found["web"].outcome) == reason


@pytest.mark.parametrize("unpacked", [True, False], ids=["directory", "archive"])
def test_a_directory_that_stands_for_a_repository_of_charts(tmp_path: Path, *, unpacked: bool) -> None:
    charts = tmp_path / "charts"
    if unpacked:
        for name, text in CHART.items():
            (charts / "web" / name).parent.mkdir(parents=True, exist_ok=True)
            (charts / "web" / name).write_text(text)
    else:
        packed(charts)
    files = fleet(release("web", FROM_REPOSITORY), REPOSITORY.format(url="https://charts.example.com"), charts={})
    for key in ("HelmRepository/apps/charts", "https://charts.example.com"):
        (found,) = cluster_of(tmp_path / "fleet", files, sources={key: charts}).helm_releases
        assert data(found)["greeting"] == "hello"


def test_a_chart_fetched_from_a_repository(tmp_path: Path) -> None:
    packed(tmp_path / "served")
    index = "apiVersion: v1\nentries:\n  web:\n    - {name: web, version: 1.2.3, urls: [web-1.2.3.tgz]}\n"
    (tmp_path / "served/index.yaml").write_text(index)
    local, cache = Network(private=True), tmp_path / "cache"
    with file_server(tmp_path / "served") as server:
        objects = REPOSITORY.format(url=server.url), release("missing", FROM_REPOSITORY.replace("1.x", "2.x"))
        files = fleet(release("web", FROM_REPOSITORY), *objects)
        found = {
            part.id.name: part
            for part in cluster_of(tmp_path / "fleet", files, network=local, cache_dir=cache).helm_releases
        }
        asked = sorted(server.asked)
    assert asked == ["/index.yaml", "/web-1.2.3.tgz"]
    assert data(found["web"])["greeting"] == "hello"
    assert found["web"].rendered is not None
    (resource,) = found["web"].rendered
    assert (resource.origin, resource.template) == (None, "web/templates/config.yaml")
    assert described(found["missing"].outcome).startswith("failed: source-unavailable apps/objects.yaml:")
    again = cluster_of(tmp_path / "fleet", files, cache_dir=cache).helm_releases
    assert data(next(part for part in again if part.id.name == "web")) == data(found["web"])


@pytest.mark.parametrize(
    ("edit", "place", "message", "remedy"),
    [
        (
            ('"1.x"', '"2.x"'),
            'version: "2.x"',
            "none of the 1 versions of the chart web matches 2.x",
            "take a version that there is: the newest is 1.2.3",
        ),
        (("chart: web", "chart: wbe"), "chart: wbe", "the repository has no chart wbe", "did you mean web?"),
        (("SERVER", "SERVER/none"), "url:", "the server answers 404 Not Found", None),
    ],
)
def test_what_a_repository_does_not_have(
    tmp_path: Path, edit: tuple[str, str], place: str, message: str, remedy: str | None
) -> None:
    packed(tmp_path / "served")
    index = "apiVersion: v1\nentries:\n  web:\n    - {name: web, version: 1.2.3, urls: [web-1.2.3.tgz]}\n"
    (tmp_path / "served/index.yaml").write_text(index)
    with file_server(tmp_path / "served") as server:
        text = fleet(MISSED.replace(*edit).replace("SERVER", server.url), charts={})
        (found,) = cluster_of(tmp_path / "fleet", text, network=Network(private=True)).helm_releases
    assert isinstance(found.outcome, Failed)
    (finding,) = found.outcome.findings
    line = next(n for n, t in enumerate(text["apps/objects.yaml"].split("\n"), 1) if place in t)
    assert (finding.rule, str(finding.location)) == ("source-unavailable", f"apps/objects.yaml:{line}")
    assert (finding.message.partition("can't be fetched: ")[2], finding.remedy) == (message, remedy)


MISSED = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: apps}
spec:
  interval: 1h
  url: SERVER
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 1h
  chart:
    spec:
      chart: web
      version: "1.x"
      sourceRef: {kind: HelmRepository, name: charts}
"""
ARTIFACT = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: web, namespace: apps}}
spec: {{interval: 1h, insecure: true, url: "oci://{host}/charts/web", ref: {ref}}}
"""


@pytest.mark.parametrize("ref", ["{tag: 1.2.3}", '{semver: "1.x"}'])
def test_a_chart_that_is_an_artifact(tmp_path: Path, ref: str) -> None:
    archive = packed(tmp_path / "packed").read_bytes()
    referring = release("web", "chartRef: {kind: OCIRepository, name: web}", "values: {greeting: hi}")
    with chart_registry("charts/web", "1.2.3", archive) as server:
        artifact = ARTIFACT.format(host=server.url.removeprefix("http://"), ref=ref)
        options = {"network": Network(private=True), "cache_dir": tmp_path / "cache"}
        (found,) = cluster_of(tmp_path / "fleet", fleet(referring, artifact, charts={}), **options).helm_releases
    assert data(found)["greeting"] == "hi"
    assert found.chart is not None
    version, _plus, digest = found.chart.version.partition("+")
    assert (found.chart.name, version, len(digest)) == ("web", "1.2.3", 12)
    assert found.chart.source == "OCIRepository/apps/web"


HELM_CHART = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmChart
metadata: {name: web, namespace: apps}
spec: {interval: 1h, chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system}}
"""


def test_a_chart_that_another_object_asks_for(tmp_path: Path) -> None:
    chart = HELM_CHART.replace("namespace: apps", "namespace: flux-system")
    reference = "chartRef: {kind: HelmChart, name: web, namespace: flux-system}"
    (found,) = cluster_of(tmp_path, fleet(release("web", reference, "values: {greeting: hi}"), chart)).helm_releases
    assert data(found)["greeting"] == "hi"
    assert found.chart is not None
    assert (found.chart.name, found.chart.version) == ("web", "1.2.3")


def test_charts_that_depend_on_others(tmp_path: Path) -> None:
    common = {
        "Chart.yaml": "apiVersion: v2\nname: common\nversion: 0.1.0\n",
        "templates/c.yaml": CHART["templates/config.yaml"].replace("Name }}", "Name }}-common"),
    }
    umbrella = {
        "Chart.yaml": (
            "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n"
            "  - {name: web, alias: first, version: 1.x, repository: https://charts.example.com}\n"
            "  - {name: common, version: 0.1.0, repository: file://../common}\n"
        ),
        "values.yaml": "first: {greeting: one}\ncommon: {greeting: two}\n",
    }
    charts = {"charts/web": umbrella, "charts/common": common}
    packed(tmp_path / "charts")
    files = fleet(release("web", OWN), charts=charts)
    (found,) = cluster_of(tmp_path / "fleet", files).helm_releases
    assert described(found.outcome) == (
        "skipped: chart web 1.x of https://charts.example.com, which the chart depends on, is not available here; "
        "give a local directory for it with `sources: {https://charts.example.com: DIRECTORY}`"
    )
    mapped = {"https://charts.example.com": tmp_path / "charts"}
    (found,) = cluster_of(tmp_path / "fleet", files, sources=mapped).helm_releases
    assert isinstance(found.outcome, Rendered), described(found.outcome)
    assert sorted(resource["data"]["greeting"] for resource in found.outcome) == ["one", "two"]


def test_a_chart_for_another_kubernetes(tmp_path: Path) -> None:
    old = {**CHART, "Chart.yaml": CHART["Chart.yaml"] + 'kubeVersion: "<1.30.0-0"\n'}
    files = fleet(release("web", OWN), charts={"charts/web": old})
    (known,) = cluster_of(tmp_path, files, kubernetes="1.33.0").helm_releases
    assert described(known.outcome) == (
        "failed: chart apps/objects.yaml:11 chart requires kubeVersion: <1.30.0-0 which is incompatible with "
        "Kubernetes v1.33.0"
    )
    (unknown,) = cluster_of(tmp_path, files).helm_releases
    assert described(unknown.outcome).startswith("skipped: chart requires kubeVersion: <1.30.0-0 which is incompatible")


def test_a_release_of_another_cluster(tmp_path: Path) -> None:
    spoke = "kubeConfig: {secretRef: {name: spoke}}"
    (found,) = cluster_of(tmp_path, fleet(release("web", OWN, spoke))).helm_releases
    assert data(found)["greeting"] == "hello"
