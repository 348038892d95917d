"""HelmReleases through the engine: what it tells of them, and what it keeps charts from doing."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering import Renderer, RenderError, Tree
from pytest_gitops.rendering.charts import (
    ChartDependency,
    ChartInfo,
    ChartPlace,
    ChartRequest,
    HelmRequest,
    RenderedRelease,
)
from pytest_gitops.rendering.engine import EngineRenderer
from pytest_gitops.rendering.protocol import RendererSettings, VariableSource

CHART = "apiVersion: v2\nname: app\nversion: 1.0.0\n"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\n"
Render = Callable[..., Any]


class Impatient(HelmRequest):
    """A release that may take two seconds."""

    deadline: ClassVar[float | None] = 2.0


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write a chart: Chart.yaml and values.yaml are made where there are none."""
    for name, text in {"Chart.yaml": CHART, "values.yaml": "{}\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def pack(path: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write an archive of files with the given names, whatever they are."""
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, BytesIO(data))
    return path


def request(place: ChartPlace, kind: type[HelmRequest] = HelmRequest, **more: Any) -> HelmRequest:
    """Return a request for the release ``app``, of the given values."""
    spec: JsonObject = {"values": more.pop("values", {}), **more.pop("spec", {})}
    release = {"metadata": {"name": "app", "namespace": "apps"}, "spec": spec}
    more["values"] = more.pop("known", ())
    return kind(release=release, chart=place, **{"chart_spec": {}, **more})


@pytest.fixture
def render(engine: Renderer, tmp_path: Path) -> Render:
    """Return a function that renders a chart of the given files, as a directory of a tree."""

    def render(files: Mapping[str, str], **more: Any) -> Any:
        write(tmp_path / "charts" / "app", files)
        engine.submit(request(ChartPlace(engine.open(tmp_path), "charts/app"), **more))
        return engine.next_done().outcome

    return render


@pytest.mark.parametrize(
    ("template", "line", "values_path", "message"),
    [
        ("{{ .Values.a.b.c }}", 1, "a.b.c", "nil pointer evaluating interface {}.c"),
        ('\n\n{{ required "set .Values.host" .Values.host }}', 3, "host", "set .Values.host"),
        ("\n{{ include `helper` . }}", 1, "port", "nil pointer"),
        ("\n{{ nope }}", 2, None, 'function "nope" not defined'),
        ("a: {{ .Values.a }", 1, None, "unexpected"),
        ("{{/* one */}}\na: 1\nb: {{ .Values.text }}", 3, None, "rendered:\n   1 | a: 1\n   2 | b: one: two"),
    ],
)
def test_a_failing_template_is_told_with_its_place(
    render: Render, template: str, line: int | None, values_path: str | None, message: str
) -> None:
    helper = '{{ define "helper" }}{{ .Values.x.port }}{{ end }}'
    error = render({"templates/a.yaml": template, "templates/_b.tpl": helper}, values={"a": {}, "text": "one: two"})

    assert isinstance(error, RenderError), error
    file = "_b.tpl" if "helper" in template else "a.yaml"
    assert (error.code, error.template, error.template_line) == ("helm", f"app/templates/{file}", line)
    assert error.location is not None
    assert error.location.file == f"charts/app/templates/{file}"
    assert (error.values_path or "").endswith(values_path or "")
    assert message in error.message
    assert [str(place.file) for place in error.chain] == (["charts/app/templates/a.yaml"] if file == "_b.tpl" else [])


SEALED = {
    "valuesFrom": [
        {"kind": "Secret", "name": "sealed", "valuesKey": "token", "targetPath": "a"},
        {"kind": "Secret", "name": "sealed"},
    ]
}


def test_what_git_cannot_tell_is_a_placeholder_or_left_out(render: Render) -> None:
    template = MAP + 'data: {a: "{{ .Values.a }}", b: "{{ .Values.b }}"}\n'
    sealed = [VariableSource("Secret", "sealed", {}, complete=False)]
    result = render({"templates/a.yaml": template, "values.yaml": "b: own\n"}, spec=SEALED, known=sealed)

    assert isinstance(result, RenderedRelease), result
    assert [resource.object["data"] for resource in result.rendered] == [
        {"a": "gitops-placeholder-sealed-token", "b": "own"}
    ]
    assert result.unknown == ("Secret/sealed",)


def test_a_message_holds_nothing_of_secrets(render: Render) -> None:
    template = '{{ fail (printf "bad: %s, %s, %v" .Values.nested.password .Values.name .Values.token) }}'
    spec = {
        "valuesFrom": [
            {"kind": "Secret", "name": "s"},
            {"kind": "Secret", "name": "s", "valuesKey": "token", "targetPath": "token"},
        ]
    }
    known = [VariableSource("Secret", "s", {"values.yaml": "nested: {password: hidden-text}", "token": "12345678"})]
    error = render({"templates/a.yaml": template}, values={"name": "shown"}, spec=spec, known=known)

    assert isinstance(error, RenderError)
    assert error.message.endswith("bad: (redacted), shown, (redacted)")


def test_a_reference_that_leaves_the_schema_is_not_followed(render: Render) -> None:
    schema = """{"properties": {"a": {"$ref": "http://127.0.0.1:9/a.json"}, "b": {"$ref": "file:///etc/passwd"},
        "c": {"$ref": "#/$defs/c"}}, "$defs": {"c": {"type": "string"}}}"""
    files = {"templates/a.yaml": MAP, "values.schema.json": schema}
    result = render(files, values={"a": 1, "b": 1, "c": "c"})
    refused = render(files, values={"a": 1, "b": 1, "c": [1]})

    assert isinstance(result, RenderedRelease), result
    assert result.unknown == ("values.schema.json file:///etc/passwd", "values.schema.json http://127.0.0.1:9/a.json")
    assert isinstance(refused, RenderError)
    assert (refused.code, refused.field) == ("values", "c")


def test_objects_are_where_helm_puts_them(render: Render) -> None:
    kinds = {
        "v1/ConfigMap": "apps",
        "v1/Namespace": "",
        "example.com/v1/Namespaced": "apps",
        "example.com/v1/Wide": "",
        "example.com/v1/Unknown": "apps",
        "example.com/v1/ClusterUnknown": "",
        "gateway.networking.k8s.io/v1/GatewayClass": "",
    }
    template = "\n---\n".join(
        f"apiVersion: {full.rpartition('/')[0]}\nkind: {full.rpartition('/')[2]}\nmetadata: {{name: a}}"
        for full in kinds
    )
    scopes = (("example.com/Namespaced", "Namespaced"), ("example.com/Wide", "Cluster"))
    result = render({"templates/a.yaml": template}, scopes=scopes)

    assert isinstance(result, RenderedRelease), result
    got = {
        f"{r.api_version}/{r.id.kind}": (r.id.namespace, "namespace" in r.object["metadata"]) for r in result.rendered
    }
    known = {"v1/ConfigMap", "example.com/v1/Namespaced"}
    assert got == {full: (namespace, full in known) for full, namespace in kinds.items()}


def test_what_a_release_depends_on_is_told(render: Render) -> None:
    looking = MAP + 'data: {a: "{{ (lookup "v1" "Secret" "a" "b").data }}"}\n'
    asking = MAP + 'data: {a: "{{ .Capabilities.APIVersions.Has "example.com/v1/Thing" }}"}\n'
    plain, looked, asked = (
        render({"templates/a.yaml": text}, api_versions=["example.com/v1/Thing"]) for text in (MAP, looking, asking)
    )

    assert (plain.uses, plain.asks) == ((), False)
    assert (looked.uses, looked.asks) == (("lookup",), False)
    assert (asked.uses, asked.asks) == ((), True)
    assert [resource.object["data"] for resource in asked.rendered] == [{"a": "true"}]


def test_a_release_of_the_wrong_shape_is_told(render: Render) -> None:
    error = render({"templates/a.yaml": MAP}, spec={"install": {"disableHooks": "no"}})

    assert isinstance(error, RenderError)
    assert (error.code, error.field) == ("helm", "spec.install.disableHooks")


def test_the_revision_of_an_artifact_shows_in_the_version(render: Render) -> None:
    files = {"templates/a.yaml": MAP + "data: {version: '{{ .Chart.Version }}'}\n"}
    versions = [
        render(files, spec={"chartRef": {"kind": kind, "name": "app"}}, revision=revision).version
        for kind, revision in (
            ("OCIRepository", "1.0.0@sha256:0123456789abcdef"),
            ("OCIRepository", "sha256:0123456789abcdef"),
            ("ExternalArtifact", "1.0.0"),
            ("HelmChart", "main@sha1:0123456789abcdef"),
        )
    ]
    assert versions == ["1.0.0+0123456789ab", "1.0.0+0123456789ab", "1.0.0", "1.0.0"]
    by_revision = {"reconcileStrategy": "Revision", "valuesFiles": ["charts/app/values.yaml", "charts/app/values.yaml"]}
    result = render(files, chart_spec=by_revision, revision="main@sha1:0123456789abcdef")
    assert result.version == "1.0.0+0123456789ab.1"


def test_releases_are_kept_but_not_those_of_secrets(tmp_path: Path) -> None:
    """Nothing of an encrypted value is written, and all that is rendered goes by what it was made from."""
    chart, cache = (
        write(tmp_path / "repo" / "app", {"templates/a.yaml": MAP + "data: {a: '{{ .Values.a }}'}\n"}),
        tmp_path / "c",
    )
    archive = pack(tmp_path / "app.tgz", {f"app/{f.relative_to(chart)}": f.read_text() for f in chart.rglob("*.*")})

    def values(**more: Any) -> list[str]:
        renderer = EngineRenderer(RendererSettings(cache=cache))
        tree = renderer.open(tmp_path / "repo")
        found = []
        for place in (ChartPlace(tree, "app"), ChartPlace(archive=archive)):
            renderer.submit(request(place, **more))
            outcome = renderer.next_done().outcome
            assert isinstance(outcome, RenderedRelease), outcome
            found += [resource.object["data"]["a"] for resource in outcome.rendered]
        renderer.close()
        return found

    def entries() -> int:
        return sum(path.is_file() for path in cache.rglob("*"))

    assert values(values={"a": "one"}) == ["one", "one"]
    kept = entries()
    assert values(values={"a": "one"}) == ["one", "one"]
    assert entries() == kept == 2
    assert values(values={"a": "two"}) == ["two", "two"]
    assert entries() == 4
    secret = [VariableSource("Secret", "s", {"values.yaml": "a: hidden-text"}, secret=True)]
    from_secret = {"valuesFrom": [{"kind": "Secret", "name": "s"}]}
    assert values(spec=from_secret, known=secret) == ["hidden-text", "hidden-text"]
    assert entries() == 4
    assert not any(b"hidden-text" in path.read_bytes() for path in cache.rglob("*") if path.is_file())
    write(chart, {"templates/a.yaml": MAP + "data: {a: changed}\n"})
    assert values(values={"a": "one"}) == ["changed", "one"]


def test_what_a_chart_says_of_itself(engine: Renderer, tmp_path: Path) -> None:
    chart = CHART + (
        "dependencies: [{name: near, version: 1.0.0, repository: 'file://../near'},"
        " {name: far, version: ^1, repository: 'https://charts.example.com', alias: away},"
        " {name: held, version: 1.0.0, repository: 'https://charts.example.com'}]\n"
    )
    held = {"charts/held/Chart.yaml": CHART.replace("app", "held"), "charts/held/values.yaml": "{}"}
    write(tmp_path / "app", {"Chart.yaml": chart, **held})
    tree = engine.open(tmp_path)
    engine.submit(ChartRequest(chart=ChartPlace(tree, "app")))

    assert engine.next_done().outcome == ChartInfo(
        "app",
        "1.0.0",
        (
            ChartDependency("near", "1.0.0", "file://../near", present=True),
            ChartDependency("far", "^1", "https://charts.example.com", "away"),
            ChartDependency("held", "1.0.0", "https://charts.example.com", present=True),
        ),
    )
    engine.submit(request(ChartPlace(tree, "app")))
    error = engine.next_done().outcome
    assert isinstance(error, RenderError)
    assert (error.code, str(error.location)) == ("chart", "app/Chart.yaml")


BOMBS = {
    "numbers": ("{{ range until 1000000000 }}x{{ end }}", "limit"),
    "text": ('{{ repeat 1000000000 "x" }}', "limit"),
    "chance": ("{{ randAlphaNum 1000000000 }}", "limit"),
    "spaces": ('{{ nindent 1000000000 "x" }}', "limit"),
    "recursion": ('{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}', "helm"),
    "objects": (f"{{{{ range until 3500 }}}}\n---\n{MAP}{{{{ end }}}}", "limit"),
    "forever": ("{{ range 100000000000 }}{{ end }}", "deadline"),
    "doubling": ('{{ $x := "xxxxxxxx" }}{{ range until 60 }}{{ $x = printf "%s%s" $x $x }}{{ end }}{{ $x }}', "limit"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_its_own_failure(engine: Renderer, tmp_path: Path, name: str) -> None:
    template, code = BOMBS[name]
    write(tmp_path / "bomb", {"templates/a.yaml": template})
    write(tmp_path / "good", {"templates/a.yaml": MAP})
    tree = engine.open(tmp_path)
    for path, tag in (("bomb", None), ("good", 1), ("good", 2)):
        kind = Impatient if path == "bomb" and code == "deadline" else HelmRequest
        engine.submit(request(ChartPlace(tree, path), kind, tag=(path, tag)))
    outcomes = {done.request.tag: done.outcome for done in (engine.next_done() for _ in range(3))}

    assert isinstance(outcomes["bomb", None], RenderError)
    assert outcomes["bomb", None].code == code
    assert isinstance(outcomes["good", 1], RenderedRelease)
    assert isinstance(outcomes["good", 2], RenderedRelease)


def archives(tmp_path: Path) -> Iterator[tuple[str, str, Path]]:
    """Give hostile archives, with the code and a part of the message that tell each."""
    good = {"app/Chart.yaml": CHART, "app/values.yaml": "{}", "app/templates/a.yaml": MAP}
    yield "chart", "parent directory", pack(tmp_path / "up.tgz", {**good, "app/../../x": "x"})
    yield "chart", "absolute path", pack(tmp_path / "absolute.tgz", {**good, "app//etc/x": "x"})
    yield "chart", "Chart.yaml file is missing", pack(tmp_path / "none.tgz", {"app/x": "x"})
    yield "limit", "larger than 10 MiB", large(tmp_path / "large.tgz")
    yield "chart", "maximum", pack(tmp_path / "zeros.tgz", {**good, "app/zeros": bytes(6 << 20)})
    yield "limit", "more than 10000 files", pack(tmp_path / "many.tgz", {f"app/{n}": "" for n in range(10_001)})
    nested = pack(tmp_path / "nested.tgz", good)
    for _ in range(10):
        nested = pack(tmp_path / "nested.tgz", {**good, "app/charts/in.tgz": nested.read_bytes()})
    yield "limit", "levels deep", nested
    (tmp_path / "text.tgz").write_text("text")
    yield "chart", "unpacked", tmp_path / "text.tgz"
    (tmp_path / "cut.tgz").write_bytes(gzip.compress(b"x" * 600)[:-5])
    yield "chart", "unpacked", tmp_path / "cut.tgz"
    yield "chart", "can't be opened", tmp_path / "absent.tgz"


def large(path: Path) -> Path:
    """Make a file that is larger than an archive may be, and takes no room."""
    with path.open("wb") as file:
        file.truncate(1 << 30)
    return path


def test_hostile_archives(engine: Renderer, tmp_path: Path) -> None:
    cases = list(archives(tmp_path))
    for code, message, archive in cases:
        engine.submit(request(ChartPlace(archive=archive)))
        error = engine.next_done().outcome

        assert isinstance(error, RenderError), archive
        assert (error.code, message in error.message) == (code, True), error
        assert str(tmp_path) not in error.message


def test_a_huge_values_file(engine: Renderer, tmp_path: Path) -> None:
    write(tmp_path / "app", {"templates/a.yaml": MAP})
    large(tmp_path / "app" / "values.yaml")
    tree: Tree = engine.open(tmp_path)
    engine.submit(request(ChartPlace(tree, "app")))
    error = engine.next_done().outcome

    assert isinstance(error, RenderError)
    assert (error.code, str(error.location)) == ("limit", "app/values.yaml")


def test_a_chart_ends_at_the_root(engine: Renderer, tmp_path: Path) -> None:
    """Neither links nor paths lead out of the tree: not values files, not dependencies, not the chart."""
    (tmp_path / "secret.yaml").write_text("a: outside\n")
    root = tmp_path / "root"
    write(root / "app", {"templates/a.yaml": MAP + "data: {a: '{{ .Values.a }}{{ .Files.Get \"link\" }}'}\n"})
    (root / "app" / "link").symlink_to(tmp_path / "secret.yaml")
    tree = engine.open(root)
    outcomes = []
    for spec, path in (({}, "app"), ({"valuesFiles": ["../secret.yaml"]}, "app"), ({}, "../root/app")):
        engine.submit(request(ChartPlace(tree, path), chart_spec=spec, values={"a": "in"}))
        outcomes.append(engine.next_done().outcome)

    assert [resource.object["data"] for resource in outcomes[0].rendered] == [{"a": "in"}]
    assert [error.code for error in outcomes[1:]] == ["chart", "chart"]
