"""Which fields ``spec.ignore`` keeps from the cluster, by its targets and pointers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_gitops.model import Kustomization, Location, Rendered, Resource, ResourceId
from pytest_gitops.review.comparison import Change, Held
from pytest_gitops.review.ignoring import ignored_fields
from pytest_gitops.review.model import Action

BEFORE = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web-one", "namespace": "apps", "labels": {"app": "web"}, "annotations": {"a/b": "one"}},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}},
}
AFTER = {
    **BEFORE,
    "metadata": {"name": "web-one", "namespace": "apps", "labels": {"app": "web"}, "annotations": {"a/b": "two"}},
    "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "web", "image": "web:2"}]}}},
}
REPLICAS = ("spec", "replicas")
IMAGE = ("spec", "template", "spec", "containers", 0, "image")


def ignored(*rules: Any, before: Any = BEFORE) -> set[tuple[str | int, ...]]:
    id = ResourceId("kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", "apps")
    part = Kustomization(id, {"spec": {"ignore": list(rules)}}, Location("apps.yaml", 1), Rendered(()))
    sides = [Resource(id=ResourceId.of(o), api_version="apps/v1", text=json.dumps(o)) for o in (before, AFTER) if o]
    held = [Held(part, side) for side in sides]
    change = Change(Action.CHANGED, held[0] if before else None, held[-1])
    return set(ignored_fields(change))


def test_a_pointer_has_all_that_is_below_it() -> None:
    assert ignored({"paths": ["/spec/replicas"]}) == {REPLICAS}
    assert ignored({"paths": ["/spec/template/spec/containers/0"]}) == {IMAGE}
    assert ignored({"paths": ["/spec"]}) == {REPLICAS, IMAGE}
    assert ignored({"paths": ["/metadata/annotations/a~1b"]}) == {("metadata", "annotations", "a/b")}
    assert ignored({"paths": ["/spec/template/spec/containers/1", "/spec/rep"]}) == set()


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"kind": "Deployment"},
        {"kind": "Deploy.*|StatefulSet", "name": "web-.*", "namespace": "^apps$"},
        {"group": "apps", "version": "v1", "name": ".*-o.*e"},
        {"labelSelector": "app=web", "annotationSelector": "a/b==two"},
        {"labelSelector": "app"},
    ],
)
def test_a_target_selects_by_every_field(target: dict[str, str]) -> None:
    assert ignored({"paths": ["/spec/replicas"], "target": target}) == {REPLICAS}


@pytest.mark.parametrize(
    "target",
    [
        {"kind": "Deploy"},
        {"name": "one"},
        {"name": "web-one.*one"},
        {"namespace": "other"},
        {"group": "batch"},
        {"labelSelector": "app=shop"},
        {"labelSelector": "app in (web)"},
        {"name": "(web)-one"},
    ],
)
def test_another_target_and_one_that_is_not_understood_select_nothing(target: dict[str, str]) -> None:
    assert ignored({"paths": ["/spec/replicas"], "target": target}) == set()


def test_of_a_new_object_everything_is_applied() -> None:
    assert ignored({"paths": ["/spec/replicas"]}, before=None) == set()


@pytest.mark.parametrize("rule", [None, "spec", {"paths": "/spec"}, {"paths": [None, 1, ""]}, {"target": "all"}])
def test_rules_of_the_wrong_shape_ignore_nothing(rule: object) -> None:
    assert ignored(rule) == set()
