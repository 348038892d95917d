"""What the judge of schemas says where it can't judge, and of what a configuration gives it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_gitops import load
from pytest_gitops.checks import FleetIndex, Selection, built_in, run
from pytest_gitops.validation import SchemaJudge

SYNC = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: "https://github.com/example-org/fleet-infra", ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1h, prune: true, path: ./clusters/example, sourceRef: {kind: GitRepository, name: flux-system}}
"""
WIDGET = """\
apiVersion: example.com/v1
kind: Widget
metadata: {name: a, namespace: apps}
spec: {size: large}
"""
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}
"""

Judged = Callable[..., list[tuple[str, str, str | None, str]]]


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """Return what a judge says of a cluster that holds some files, as rule, severity, place and message."""

    def found(judge: SchemaJudge, **files: str) -> list[tuple[str, str, str | None, str]]:
        directory = tmp_path / "clusters/example"
        (directory / "flux-system").mkdir(parents=True)
        (directory / "flux-system/gotk-sync.yaml").write_text(SYNC, encoding="utf-8")
        for name, text in files.items():
            (directory / f"{name}.yaml").write_text(text, encoding="utf-8")
        results = run(FleetIndex(load(tmp_path)), built_in(), Selection(checks=("schema",)), judge)
        return [
            (f.rule, f.severity.value, str(f.location) if f.resource else None, f.message) for f in results.findings
        ]

    return found


def test_a_kind_without_schema_is_told_once(judged: Judged) -> None:
    assert judged(SchemaJudge(), one=WIDGET, two=WIDGET.replace("name: a", "name: b")) == [
        (
            "schema-unavailable",
            "warning",
            None,
            "2 objects are of kinds without a known schema: example.com/v1/Widget (2)",
        )
    ]


def test_the_cluster_s_own_definition_is_used(judged: Judged) -> None:
    assert judged(SchemaJudge(), widget=WIDGET, definition=DEFINITION) == [
        (
            "schema-type",
            "error",
            "clusters/example/widget.yaml:4",
            "Widget a: spec.size is a string, must be an integer",
        )
    ]


def test_a_folder_of_definitions_is_used(judged: Judged, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("schemas")
    (folder / "widgets.yaml").write_text(DEFINITION, encoding="utf-8")
    assert judged(SchemaJudge(folders=(folder,)), widget=WIDGET) == [
        (
            "schema-type",
            "error",
            "clusters/example/widget.yaml:4",
            "Widget a: spec.size is a string, must be an integer",
        )
    ]


def test_a_reference_out_of_the_folder_is_an_error(judged: Judged, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("schemas")
    (folder / "example.com").mkdir()
    (folder / "example.com/widget_v1.json").write_text('{"$ref": "https://example.com/x.json"}', encoding="utf-8")
    assert judged(SchemaJudge(folders=(folder,)), widget=WIDGET) == [
        (
            "schema-definition",
            "error",
            None,
            (
                f"{folder.name}/example.com/widget_v1.json can't be used: $ref https://example.com/x.json can't be "
                "resolved: it is outside of the schema folder, and nothing is fetched"
            ),
        )
    ]


def test_a_version_of_kubernetes_that_is_not_known(judged: Judged) -> None:
    assert judged(SchemaJudge(versions=("1.12",))) == [
        (
            "schema-unavailable",
            "error",
            None,
            (
                "objects are not validated: no schemas for Kubernetes 1.12: choose one of 1.30, 1.31, 1.32, 1.33, "
                "1.34, 1.35, 1.36, 1.37"
            ),
        )
    ]


def test_several_versions_of_kubernetes_are_told_apart(judged: Judged) -> None:
    schema = (
        "apiVersion: flowcontrol.apiserver.k8s.io/v1beta3\nkind: PriorityLevelConfiguration\nmetadata: {name: exempt}\n"
        "spec: {type: Exempt}\n"
    )
    assert judged(SchemaJudge(versions=("1.30", "1.36")), level=schema) == [
        (
            "schema-deprecated-version",
            "warning",
            "clusters/example/level.yaml:1",
            (
                "PriorityLevelConfiguration exempt: flowcontrol.apiserver.k8s.io/v1beta3 PriorityLevelConfiguration is "
                "deprecated since Kubernetes 1.29 and removed in 1.32 (Kubernetes 1.30)"
            ),
        ),
        (
            "schema-removed-version",
            "error",
            "clusters/example/level.yaml:1",
            (
                "PriorityLevelConfiguration exempt: flowcontrol.apiserver.k8s.io/v1beta3 PriorityLevelConfiguration "
                "was removed in Kubernetes 1.32; the target is 1.36 (Kubernetes 1.36)"
            ),
        ),
    ]


def test_without_an_engine_nothing_is_passed_in_silence(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_gitops.rendering.validator.engine_path", lambda: Path("/nowhere/gitops-engine"))
    ((rule, severity, place, message),) = judged(SchemaJudge())
    assert (rule, severity, place) == ("schema-unavailable", "warning", None)
    assert message.startswith("objects are not validated: there is no engine at /nowhere/gitops-engine")
