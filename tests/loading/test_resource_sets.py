"""What ResourceSets give is part of the cluster: with inputs of their own, of providers, and copied from elsewhere."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from fleet_files import Files, bootstrap, config_map, write_files

from pytest_gitops import load
from pytest_gitops.model import Failed, Fleet, ResourceSet, Skipped

HEAD = "apiVersion: fluxcd.controlplane.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: flux-system\n"
RUNTIME = config_map("runtime", DOMAIN="example.org").replace("namespace: runtime", "namespace: flux-system")
TENANTS = """\
spec:
  inputs:
    - tenant: red
    - tenant: blue
  commonMetadata: {labels: {team: platform}}
  resources:
    - apiVersion: v1
      kind: ConfigMap
      metadata:
        name: runtime
        namespace: << inputs.tenant >>
        annotations: {fluxcd.controlplane.io/copyFrom: flux-system/runtime}
    - apiVersion: kustomize.toolkit.fluxcd.io/v1
      kind: Kustomization
      metadata: {name: << inputs.tenant >>, namespace: << inputs.tenant >>}
      spec:
        interval: 1h
        prune: true
        path: ./tenants/<< inputs.tenant >>
        sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}
        postBuild: {substituteFrom: [{kind: ConfigMap, name: runtime}]}
"""
PROVIDED = """\
spec:
  inputsFrom: [{entry}]
  resources:
    - apiVersion: v1
      kind: ConfigMap
      metadata: {{name: << inputs.name >>, namespace: default}}
      data: {{id: << inputs.id | quote >>}}
"""


def resource_set(spec: str, name: str = "set") -> str:
    return HEAD.format(kind="ResourceSet", name=name) + spec


def provider(name: str, spec: str, labels: str = "{}") -> str:
    head = HEAD.format(kind="ResourceSetInputProvider", name=name)
    return f"{head}  labels: {labels}\nspec: {spec}\n"


def fleet(root: Path, files: Files, **options: object) -> Fleet:
    return load(write_files(root, bootstrap("production") | files), **options)  # type: ignore[arg-type]


def only_set(root: Path, files: Files) -> ResourceSet:
    (found,) = fleet(root, files).clusters[0].resource_sets
    return found


def objects(part: ResourceSet) -> list[str]:
    assert part.rendered is not None, part.outcome
    return [str(resource.id) for resource in part.rendered]


def test_what_it_gives_is_followed(tmp_path: Path) -> None:
    cluster = fleet(
        tmp_path,
        {
            "clusters/production/set.yaml": resource_set(TENANTS),
            "clusters/production/runtime.yaml": RUNTIME,
            "tenants/red/a.yaml": config_map("a", where="${DOMAIN}"),
            "tenants/blue/a.yaml": config_map("b", where="${DOMAIN}"),
        },
    ).clusters[0]
    (found,) = cluster.resource_sets
    assert objects(found) == [
        "ConfigMap/red/runtime",
        "ConfigMap/blue/runtime",
        "Kustomization/red/red",
        "Kustomization/blue/blue",
    ]
    copied = found.rendered["ConfigMap/red/runtime"] if found.rendered else None
    assert copied is not None
    assert copied["data"] == {"DOMAIN": "example.org"}
    assert copied.labels == {
        "team": "platform",
        "resourceset.fluxcd.controlplane.io/name": "set",
        "resourceset.fluxcd.controlplane.io/namespace": "flux-system",
    }
    assert copied.field == "spec.resources[0]"
    red = cluster["red/red"]
    assert red.parent == "ResourceSet/flux-system/set"
    assert str(red.location) == "clusters/production/set.yaml:1"
    assert red.rendered is not None
    assert red.rendered["ConfigMap/a"]["data"] == {"where": "example.org"}


def test_what_is_copied_from_outside_of_git_is_unknown(tmp_path: Path) -> None:
    files = {
        "clusters/production/set.yaml": resource_set(TENANTS),
        "tenants/red/a.yaml": config_map("a", w="${DOMAIN}"),
    }
    red = fleet(tmp_path, files).clusters[0]["red/red"]
    assert red.rendered is not None
    assert red.rendered["ConfigMap/a"]["data"] == {"w": "gitops-placeholder-domain"}


def test_a_secret_copied_from_outside_of_git_has_the_keys_of_its_type(tmp_path: Path) -> None:
    spec = (
        "spec:\n  resources:\n    - {apiVersion: v1, kind: Secret, type: kubernetes.io/dockerconfigjson,\n"
        '       metadata: {name: a, namespace: b, annotations: {fluxcd.controlplane.io/copyFrom: "flux-system/a"}}}\n'
    )
    found = only_set(tmp_path, {"clusters/production/set.yaml": resource_set(spec)})
    assert found.rendered is not None
    data = found.rendered["Secret/a"]["data"][".dockerconfigjson"]
    assert base64.b64decode(data) == b'{"auths": {"gitops-placeholder-dockerconfigjson": {}}}'


@pytest.mark.parametrize(
    ("entry", "given"),
    [
        ("{kind: ResourceSetInputProvider, name: one}", ["ConfigMap/default/one"]),
        ("{selector: {matchLabels: {for: apps}}}", ["ConfigMap/default/one", "ConfigMap/default/two"]),
        ("{selector: {matchExpressions: [{key: for, operator: DoesNotExist}]}}", ["ConfigMap/default/three"]),
        ("{selector: {matchLabels: {for: nobody}}}", []),
    ],
)
def test_static_providers(tmp_path: Path, entry: str, given: list[str]) -> None:
    files = {
        "clusters/production/set.yaml": resource_set(PROVIDED.format(entry=entry)),
        "clusters/production/one.yaml": provider("one", "{type: Static, defaultValues: {name: one}}", "{for: apps}"),
        "clusters/production/two.yaml": provider("two", "{type: Static, defaultValues: {name: two}}", "{for: apps}"),
        "clusters/production/three.yaml": provider("three", "{type: Static, defaultValues: {name: three}}"),
    }
    assert objects(only_set(tmp_path, files)) == given


ASKING = {
    "clusters/production/set.yaml": resource_set(PROVIDED.format(entry="{name: prs}")),
    "clusters/production/prs.yaml": provider(
        "prs", "{type: GitHubPullRequest, url: https://github.com/o/r, defaultValues: {name: pr}}"
    ),
}


def test_a_provider_that_asks_a_forge_is_unknown(tmp_path: Path) -> None:
    outcome = only_set(tmp_path, ASKING).outcome
    assert outcome == Skipped(
        "ResourceSetInputProvider/flux-system/prs asks GitHubPullRequest for inputs, which Git can't tell: "
        "give some as inputs of the configuration"
    )


@pytest.mark.parametrize("around", ["{}", "clusters: {{production: {{{}}}}}"], ids=["all", "cluster"])
def test_inputs_that_the_user_gives(tmp_path: Path, around: str) -> None:
    text = around.format('inputs: {"flux-system/prs": [{id: "4"}, {id: "5", name: other}]}')
    found = only_set(tmp_path, ASKING | {".pytest-gitops.yaml": text})
    assert objects(found) == ["ConfigMap/default/pr", "ConfigMap/default/other"]


MISSING_KEY = """\
spec:
  inputs: [{a: b}]
  resources:
    - apiVersion: v1
      kind: ConfigMap
      metadata:
        name: << inputs.tenant >>
"""
MISPLACED = """\
spec:
  inputs: [{a: b}]
  resourcesTemplate: |
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: << inputs.a >>
      labels: {}
     namespace: apps
"""
UNKNOWN_FUNCTION = """\
spec:
  resourcesTemplate: |
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: << upper2 >>
"""
UNQUOTED = """\
spec:
  inputs: [{v: ">=1"}]
  resources:
    - apiVersion: v1
      kind: ConfigMap
      metadata: {name: a}
      data:
        v: << inputs.v >>
"""


@pytest.mark.parametrize(
    ("spec", "place", "message"),
    [
        (
            PROVIDED.format(entry="{name: absent}"),
            7,
            "ResourceSetInputProvider flux-system/absent not found: nothing in the cluster declares it",
        ),
        (MISSING_KEY, 12, 'the inputs have no key "tenant"'),
        (UNKNOWN_FUNCTION, 11, 'function "upper2" not defined'),
        (MISSING_KEY.replace("inputs.tenant >>", "inputs.name"), 12, "unclosed action"),
        (MISPLACED, 13, "what it renders to can't be read: yaml: line 5: did not find expected key"),
        (UNQUOTED, 9, "what it renders to can't be read: yaml: line 3: did not find expected comment or line break"),
    ],
)
def test_faults(tmp_path: Path, spec: str, place: int, message: str) -> None:
    outcome = only_set(tmp_path, {"clusters/production/set.yaml": resource_set(spec)}).outcome
    assert isinstance(outcome, Failed)
    (finding,) = outcome.findings
    assert (str(finding.location), finding.message) == (f"clusters/production/set.yaml:{place}", message)
    assert finding.resource == "ResourceSet/flux-system/set"
    assert finding.remedy
