"""A finding points at the line that holds the field: in the object's file, a patch, a generator, a variable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from pytest_gitops import load
from pytest_gitops.checks import FieldPath, FleetIndex
from pytest_gitops.checks.locating import Locator

SYNC = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: "https://github.com/example-org/fleet-infra", ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1h, prune: true, path: ./clusters/one, sourceRef: {kind: GitRepository, name: flux-system}}
"""

APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 1h
  prune: true
  path: ./apps
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild:
    substitute:
      inline: "1"
    substituteFrom:
      - kind: ConfigMap
        name: vars
  patches:
    - target:
        kind: Deployment
      patch: |
        - op: add
          path: /spec/template/spec/containers/0/tty
          value: true
        - op: replace
          path: /spec/revisionHistoryLimit
          value: 3
---
apiVersion: v1
kind: ConfigMap
metadata: {name: vars, namespace: flux-system}
data:
  other: two
  outer: "2"
"""

DEPLOYMENT = """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  revisionHistoryLimit: 1
  minReadySeconds: ${inline}
  progressDeadlineSeconds: ${outer}
  template:
    spec:
      containers:
        - name: web
          image: web
          env:
            - name: A
              value: "1"
            - name: B
              value: ${other}
        - name: side
          image: side:1
"""

KUSTOMIZATION = """\
namePrefix: my-
namespace: apps
resources:
  - deployment.yaml
components:
  - ../component
labels:
  - pairs:
      team: web
commonAnnotations:
  owner: web
images:
  - name: web
    newTag: "2"
replicas:
  - name: web
    count: 2
configMapGenerator:
  - name: settings
    literals:
      - LEVEL=info
    files:
      - app.conf
      - renamed=other.conf
    envs:
      - vars.env
patches:
  - path: patches/side.yaml
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: web
      spec:
        template:
          spec:
            containers:
              - name: side
                env:
                  - name: C
                    value: c
"""

FILES = {
    "clusters/one/flux-system/gotk-sync.yaml": SYNC,
    "clusters/one/apps.yaml": APPS,
    "apps/deployment.yaml": DEPLOYMENT,
    "apps/kustomization.yaml": KUSTOMIZATION,
    "apps/app.conf": "a = b\n",
    "apps/other.conf": "c = d\n",
    "apps/vars.env": "FIRST=1\nSECOND=2\n",
    "apps/patches/side.yaml": """\
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          template:
            spec:
              hostNetwork: false
              containers:
                - name: side
                  command:
                    - run
        """,
    "component/kustomization.yaml": """\
        apiVersion: kustomize.config.k8s.io/v1alpha1
        kind: Component
        patches:
          - target: {kind: Deployment}
            path: op.yaml
        """,
    "component/op.yaml": """\
        - op: add
          path: /spec/paused
          value: false
        """,
}

Locate = Callable[..., tuple[str, str]]


@pytest.fixture
def locate(tmp_path: Path) -> Locate:
    """Return a function that says in which file and on which line a field of an object of ``apps`` is written.

    Items of lists are named by their ``name``: kustomize may change their order.
    """
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(dedent(text), encoding="utf-8")
    index = FleetIndex(load(tmp_path))
    cluster = index.clusters[0]
    apps = cluster.cluster["apps"]
    assert apps.rendered is not None, apps.outcome
    objects = {resource.kind: resource for resource in apps.rendered}

    def where(kind: str, *path: str | int, value: bool = False) -> tuple[str, str]:
        exact = tuple(_indexed(objects[kind].object, path))
        location = Locator(index.files).locate(cluster, objects[kind], exact, apps, value=value)
        assert location is not None
        assert location.line is not None
        return location.file, (tmp_path / location.file).read_text(encoding="utf-8").splitlines()[location.line - 1]

    return where


def _indexed(value: Any, path: FieldPath) -> Iterator[str | int]:
    """Yield the path with the names of items replaced by their indices."""
    for element in path:
        named = isinstance(value, list) and isinstance(element, str)
        step = next(i for i, item in enumerate(value) if item.get("name") == element) if named else element
        yield step
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            value = None


POD: FieldPath = ("spec", "template", "spec")
WEB: FieldPath = (*POD, "containers", "web")
SIDE: FieldPath = (*POD, "containers", "side")
OVERLAY = "apps/kustomization.yaml"
OBJECT = "apps/deployment.yaml"
FLUX = "clusters/one/apps.yaml"

FIELDS = [
    pytest.param((), OBJECT, "apiVersion: apps/v1", id="object"),
    pytest.param(("kind",), OBJECT, "kind: Deployment", id="second-document"),
    pytest.param((*WEB, "env", "B"), OBJECT, "            - name: B", id="list-item-by-name"),
    pytest.param((*WEB, "env", "A", "value"), OBJECT, '              value: "1"', id="field-of-a-list-item"),
    pytest.param((*SIDE, "image"), OBJECT, "          image: side:1", id="second-container"),
    pytest.param((*SIDE, "resources", "limits"), OBJECT, "        - name: side", id="missing-field"),
    pytest.param((*WEB, "image"), OVERLAY, '    newTag: "2"', id="image"),
    pytest.param((*POD, "containers", 0, "tty"), FLUX, "          value: true", id="flux-patch-adds"),
    pytest.param(("spec", "revisionHistoryLimit"), FLUX, "          value: 3", id="flux-patch-replaces"),
    pytest.param(("spec", "replicas"), OVERLAY, "    count: 2", id="replicas"),
    pytest.param(("metadata", "namespace"), OVERLAY, "namespace: apps", id="namespace"),
    pytest.param(("metadata", "labels", "team"), OVERLAY, "      team: web", id="label"),
    pytest.param(("metadata", "annotations", "owner"), OVERLAY, "  owner: web", id="annotation"),
    pytest.param((*SIDE, "command", 0), "apps/patches/side.yaml", "            - run", id="patch-file"),
    pytest.param((*POD, "hostNetwork"), "apps/patches/side.yaml", "      hostNetwork: false", id="patch-file-scalar"),
    pytest.param((*SIDE, "env", "C", "value"), OVERLAY, "                    value: c", id="inline-patch"),
    pytest.param(("spec", "paused"), "component/op.yaml", "  value: false", id="component"),
    pytest.param(("spec", "minReadySeconds"), OBJECT, "  minReadySeconds: ${inline}", id="variable-use"),
]


@pytest.mark.parametrize(("path", "file", "line"), FIELDS)
def test_field_of_a_deployment(locate: Locate, path: FieldPath, file: str, line: str) -> None:
    assert locate("Deployment", *path) == (file, line)


@pytest.mark.parametrize(
    ("field", "line"),
    [
        pytest.param("minReadySeconds", '      inline: "1"', id="inline"),
        pytest.param("progressDeadlineSeconds", '  outer: "2"', id="config-map"),
    ],
)
def test_a_wrong_value_is_told_where_its_variable_is_declared(locate: Locate, field: str, line: str) -> None:
    assert locate("Deployment", "spec", field, value=True) == (FLUX, line)


@pytest.mark.parametrize(
    ("key", "file", "line"),
    [
        ("LEVEL", OVERLAY, "      - LEVEL=info"),
        ("app.conf", "apps/app.conf", "a = b"),
        ("renamed", "apps/other.conf", "c = d"),
        ("SECOND", "apps/vars.env", "SECOND=2"),
    ],
)
def test_generated_data_is_told_where_it_comes_from(locate: Locate, key: str, file: str, line: str) -> None:
    assert locate("ConfigMap", "data", key) == (file, line)


SET = """\
apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata: {name: apps, namespace: flux-system}
spec:
  inputs:
    - app: web
  resourcesTemplate: |
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: << inputs.app >>
      namespace: shop
    data:
      port: "80"
    ---
    apiVersion: v1
    kind: Service
    metadata:
      name: << inputs.app >>
      namespace: shop
    spec:
      ports:
        - port: 8080
"""


@pytest.mark.parametrize(
    ("kind", "path", "line"),
    [
        ("ConfigMap", ("data", "port"), 'port: "80"'),
        ("Service", ("spec", "ports", 0, "port"), "- port: 8080"),
        ("Service", ("spec", "ports", 0, "name"), "ports:"),
    ],
)
def test_field_in_a_text_of_templates(tmp_path: Path, kind: str, path: FieldPath, line: str) -> None:
    for file, text in {"clusters/one/flux-system/gotk-sync.yaml": SYNC, "clusters/one/set.yaml": SET}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    index = FleetIndex(load(tmp_path))
    (cluster,) = index.clusters
    (owned,) = cluster.of_kind(kind)
    found = Locator(index.files).locate(cluster, owned.resource, path, owned.owner)
    number = next(number for number, text in enumerate(SET.split("\n"), start=1) if text.strip() == line)
    assert str(found) == f"clusters/one/set.yaml:{number}"
