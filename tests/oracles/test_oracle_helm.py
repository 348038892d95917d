"""The engine renders HelmReleases as the own code of source-controller, helm-controller and Helm does."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from helm_charts import CASES, REFUSED, SOURCE, Case
from helm_oracle import NAMESPACE, Ask, objects, plain, release, sources

from pytest_gitops.model import JsonObject, Resource
from pytest_gitops.rendering import Renderer, RenderError, Tree
from pytest_gitops.rendering.charts import ChartPlace, HelmRequest, RenderedRelease
from pytest_gitops.rendering.protocol import VariableSource


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("source")
    for block in SOURCE.split("\n--- charts/")[1:]:
        name, _, text = block.partition("\n")
        path = root / "charts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def tree(source: Path, renderer: Renderer) -> Tree:
    return renderer.open(source)


@pytest.fixture(scope="module")
def packed(source: Path, make_chart: Ask, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Pack a chart, with all that it depends on, as a HelmRepository has it."""

    def pack(chart: str) -> Path:
        target = tmp_path_factory.mktemp("packed") / f"{chart}.tgz"
        answer = make_chart({"directory": str(source), "path": f"charts/{chart}", "output": str(target)})
        assert "error" not in answer, answer
        return target

    return pack


@pytest.fixture
def flux(
    source: Path, make_chart: Ask, install: Ask, packed: Callable[[str], Path], tmp_path: Path
) -> Callable[[Case], JsonObject]:
    """Let the controllers' own code render."""

    def render(case: Case) -> JsonObject:
        archive = packed(case.chart)
        place = {"directory": str(source), "path": f"charts/{case.chart}"}
        if case.packed:
            place = {"archive": str(archive), "name": case.chart, "version": _version(source, case.chart)}
        made = make_chart(
            {
                **place,
                "values_files": list(case.values_files),
                "ignore_missing": case.ignore_missing,
                # source-controller takes the generation of the HelmChart, which is 1 when it is made.
                "metadata": "1" if case.values_files and list(case.values_files) != ["values.yaml"] else "",
                "output": str(tmp_path / "chart.tgz"),
            }
        )
        if "error" in made:
            return made
        known = {"ConfigMap": [], "Secret": []}
        for given in case.objects:
            data = dict(given["values"])
            if given["kind"] == "Secret":
                data = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
            known[given["kind"]].append({"metadata": {"name": given["name"], "namespace": NAMESPACE}, "data": data})
        return install(
            {
                "release": release(case.spec, case.name),
                "chart": str(tmp_path / "chart.tgz"),
                "config_maps": known["ConfigMap"],
                "secrets": known["Secret"],
                "kubernetes": case.kubernetes,
                "api_versions": list(case.api_versions),
            }
        )

    return render


@pytest.fixture
def engine(renderer: Renderer, tree: Tree, packed: Callable[[str], Path]) -> Callable[[Case], Any]:
    """Let the engine render."""

    def render(case: Case) -> Any:
        place = ChartPlace(archive=packed(case.chart)) if case.packed else ChartPlace(tree, f"charts/{case.chart}")
        spec = {"valuesFiles": list(case.values_files), "ignoreMissingValuesFiles": case.ignore_missing}
        values = [VariableSource(given["kind"], given["name"], given["values"]) for given in case.objects]
        renderer.submit(
            HelmRequest(
                release=release(case.spec, case.name),
                chart=place,
                chart_spec=spec,
                values=values,
                kubernetes=case.kubernetes,
                api_versions=case.api_versions,
            )
        )
        return renderer.next_done().outcome

    return render


@pytest.mark.parametrize("name", CASES)
def test_same_as_flux(name: str, engine: Callable[[Case], Any], flux: Callable[[Case], JsonObject]) -> None:
    case = CASES[name]
    expected = flux(case)
    assert "error" not in expected, expected
    got = engine(case)

    assert isinstance(got, RenderedRelease), got
    namespace = case.spec.get("targetNamespace", NAMESPACE)
    unknown = set() if expected["crds"] else {"Widget", "ServiceMonitor"}
    expected["crds"] = expected["crds"] or []
    assert (got.release, got.namespace) == (expected["name"], namespace)
    assert [r.object for r in got.rendered] == [*expected["crds"], *objects(expected["manifest"], namespace, unknown)]
    assert [(r.object, _origin(r)) for r in got.hooks] == [
        (objects(hook["manifest"], namespace)[0], _path(case, hook["path"])) for hook in expected["hooks"]
    ]
    rendered = list(got.rendered)[len(expected["crds"]) :]
    assert [_origin(resource) for resource in rendered] == [_path(case, path) for path in sources(expected["manifest"])]


@pytest.mark.parametrize("name", ["packed", "definitions-packed", "hooks-packed"])
def test_same_as_helm(
    name: str, engine: Callable[[Case], Any], packed: Callable[[str], Path], helm: Path, tmp_path: Path
) -> None:
    """Less the labels of the release, it is what ``helm template`` gives."""
    case = CASES[name]
    command = [helm, "template", case.name, packed(case.chart), "--namespace", NAMESPACE, "--include-crds"]
    output = subprocess.run(
        [*command, "--kube-version", case.kubernetes], env={"HOME": str(tmp_path)}, check=True, stdout=subprocess.PIPE
    ).stdout.decode()
    got = engine(case)

    assert isinstance(got, RenderedRelease), got
    # Flux leaves out of crds/ what is no definition, and the command does not.
    expected = [item for item in objects(output, NAMESPACE) if item["metadata"]["name"] != "misplaced"]
    assert sorted(plain(item.object) for item in (*got.rendered, *got.hooks)) == sorted(map(plain, expected))


@pytest.mark.parametrize("name", REFUSED)
def test_refused_as_by_flux(name: str, engine: Callable[[Case], Any], flux: Callable[[Case], JsonObject]) -> None:
    case, code, field = REFUSED[name]
    expected = flux(case)
    assert expected.get("error"), "Flux renders it"
    got = engine(case)

    assert isinstance(got, RenderError), got
    assert (got.code, got.field or "") == (code, field), got


def test_chance(engine: Callable[[Case], Any], flux: Callable[[Case], JsonObject]) -> None:
    """What differs from render to render is replaced by what has the same shape, and nothing else is."""
    case = Case("chance")
    first, second = (objects(flux(case)["manifest"], NAMESPACE)[0]["stringData"] for _ in range(2))
    chance = {key for key, value in first.items() if second[key] != value} | {"now", "epoch"}
    results = [engine(case) for _ in range(2)]
    stable, again = (next(resource.object for resource in result.rendered)["stringData"] for result in results)

    assert stable == again
    assert {key: value for key, value in stable.items() if key not in chance} == {
        key: value for key, value in first.items() if key not in chance
    }
    assert chance == {
        "alphanum", "alpha", "ascii", "numeric", "bytes", "uuid", "htpasswd", "bcrypt", "ca", "cert", "key", "own",
        "private", "now", "epoch",
    }  # fmt: skip
    for key in chance - {"ca", "cert", "key", "own", "private", "epoch"}:
        assert len(stable[key]) == len(first[key]), key
    for key in ("ca", "cert", "own"):
        assert base64.b64decode(stable[key]).startswith(b"-----BEGIN CERTIFICATE-----\n")
    assert results[0].uses == ("random", "time")


def _version(source: Path, chart: str) -> str:
    metadata = yaml.safe_load((source / "charts" / chart / "Chart.yaml").read_text(encoding="utf-8"))
    return str(metadata["version"])


def _path(case: Case, path: str) -> str:
    """Return where a template is, by its path within the chart."""
    if case.packed:
        return path
    for alias, chart in {"front": "web", "back": "web", "hooks": "hooks", "library": "library"}.items():
        if f"/charts/{alias}/" in path:
            return f"charts/{chart}/{path.partition(f'/charts/{alias}/')[2]}"
    return f"charts/{path}"


def _origin(resource: Resource) -> str:
    assert resource.origin is not None
    return resource.origin
