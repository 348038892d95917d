"""One file shows what differs between variants: whole files are compared."""

from __future__ import annotations

import copy
from typing import Any

from pytest_gitops.snapshots.matrix import HEADER, matrix

Object = dict[str, Any]


def deployment(name: str = "web", **spec: Any) -> Object:
    container = {"name": "web", "image": "web:1", "env": [{"name": "MODE", "value": "a"}], "args": ["--a"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "web"},
        "spec": {"replicas": 3, "template": {"spec": {"containers": [container]}}} | spec,
    }


def config(data: dict[str, str], name: str = "config", namespace: str = "web") -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def four() -> dict[str, list[Object]]:
    """Return four variants that are alike."""
    common = [deployment(), config({"a": "1", "text": "one\ntwo\nthree\n"})]
    return {label: copy.deepcopy(common) for label in ("staging", "prod-us-east", "prod-eu-west", "prod-ap-south")}


def test_what_is_common_is_left_out() -> None:
    assert matrix(four()) == HEADER + (
        "---\nvariants:\n- prod-ap-south\n- prod-eu-west\n- prod-us-east\n- staging\n---\n{}\n"
    )


def test_what_differs_is_shown_by_object_and_field() -> None:
    variants = four()
    container = variants["prod-ap-south"][0]["spec"]["template"]["spec"]["containers"][0]
    container["image"] = "web:0"
    container["env"] += [{"name": "DEBUG", "value": "1"}]
    variants["staging"][0]["spec"]["replicas"] = 1
    variants["prod-us-east"][0]["spec"]["replicas"] = 5
    variants["prod-us-east"][0]["metadata"]["labels"] = {"app.kubernetes.io/env": "y"}
    variants["prod-eu-west"][0]["spec"]["template"]["spec"]["containers"][0]["args"] = ["--a", "--b"]
    variants["staging"][1]["data"] = {"a": "1", "text": "one\n2\nthree\nfour\n"}
    variants["prod-eu-west"][1]["data"]["a"] = "2"
    variants["prod-us-east"][1]["data"]["a"] = "2"
    variants["staging"].append(config({}, "only"))
    variants["staging"].append(config({"b": "1"}, "two"))
    variants["prod-eu-west"].append(config({"b": "2"}, "two"))
    for label in ("prod-ap-south", "prod-eu-west", "prod-us-east"):
        variants[label].append(config({}, "most"))
    assert matrix(variants) == HEADER + DIFFERENT


DIFFERENT = """\
---
variants:
- prod-ap-south
- prod-eu-west
- prod-us-east
- staging
---
ConfigMap/web/config:
  data.a:
    prod-ap-south, staging: '1'
    prod-eu-west, prod-us-east: '2'
  data.text:
    others: |
      one
      two
      three
    staging: |
      -two
      +2
      +four
ConfigMap/web/most:
  <not in>: staging
ConfigMap/web/only:
  <only in>: staging
ConfigMap/web/two:
  <only in>: prod-eu-west, staging
  data.b:
    prod-eu-west: '2'
    staging: '1'
Deployment/web/web:
  metadata.labels:
    others: <absent>
    prod-us-east:
      app.kubernetes.io/env: 'y'
  spec.replicas:
    prod-ap-south, prod-eu-west: 3
    prod-us-east: 5
    staging: 1
  spec.template.spec.containers[web].args:
    others:
    - --a
    prod-eu-west:
    - --a
    - --b
  spec.template.spec.containers[web].env[DEBUG]:
    others: <absent>
    prod-ap-south:
      name: DEBUG
      value: '1'
  spec.template.spec.containers[web].image:
    others: web:1
    prod-ap-south: web:0
"""


def test_namespaces_and_own_names_are_not_what_tells_objects_apart() -> None:
    variants = {
        "staging": [config({"a": "1"}, "staging-web", "staging"), config({}, "web-x")],
        "production": [config({"a": "2"}, "production-web", "production"), config({}, "web-x")],
    }
    assert matrix(variants).rpartition("---\n")[2] == (
        "ConfigMap/web:\n"
        "  data.a:\n    production: '2'\n    staging: '1'\n"
        "  metadata.name:\n    production: production-web\n    staging: staging-web\n"
        "  metadata.namespace:\n    production: production\n    staging: staging\n"
    )


def test_objects_of_one_name_in_several_namespaces_are_told_apart() -> None:
    both = [config({"a": "1"}, namespace="x"), config({"a": "1"}, namespace="y")]
    changed = [both[0], config({"a": "2"}, namespace="y")]
    assert matrix({"one": both, "two": changed}).rpartition("---\n")[2] == (
        "ConfigMap/y/config:\n  data.a:\n    one: '1'\n    two: '2'\n"
    )


def test_values_of_two_types_differ() -> None:
    variants = {"one": [deployment(replicas=1, paused=True)], "two": [deployment(replicas=True, paused="true")]}
    assert matrix(variants).rpartition("---\n")[2] == (
        "Deployment/web/web:\n"
        "  spec.paused:\n    one: true\n    two: 'true'\n"
        "  spec.replicas:\n    one: 1\n    two: true\n"
    )
