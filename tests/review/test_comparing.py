"""How two revisions are laid side by side, where a single change to a real fleet doesn't show it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_gitops.model import (
    Chart,
    Cluster,
    Failed,
    Fleet,
    HelmRelease,
    JsonObject,
    Kustomization,
    Location,
    Outcome,
    Part,
    Rendered,
    Resource,
    ResourceId,
    ResourceSet,
    Skipped,
)
from pytest_gitops.review.comparing import compare
from pytest_gitops.review.fields import differing
from pytest_gitops.review.model import Revision
from pytest_gitops.review.telling import tell
from pytest_gitops.review.writing import unified

ENTRY = "flux-system/flux-system"


def obj(kind: str, name: str, namespace: str = "web", **fields: Any) -> JsonObject:
    """Return an object."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, **fields}


def rendered(*objects: JsonObject) -> Rendered:
    """Return a render of these objects."""
    return Rendered(
        tuple(Resource(id=ResourceId.of(o), api_version=str(o["apiVersion"]), text=json.dumps(o)) for o in objects)
    )


def kustomization(name: str, outcome: Outcome, parent: str | None = ENTRY, **spec: Any) -> Kustomization:
    """Return a Kustomization that prunes."""
    id = ResourceId("kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", name)
    return Kustomization(id, {"spec": {"prune": True, **spec}}, Location(f"{name}.yaml", 1), outcome, parent)


def release(outcome: Outcome, *uses: str, version: str = "1.0.0") -> HelmRelease:
    """Return a HelmRelease whose chart uses what is named."""
    id = ResourceId("helm.toolkit.fluxcd.io", "HelmRelease", "web", "web")
    chart = Chart("web", version, "HelmRepository/flux-system/web", uses=uses)
    return HelmRelease(id, {"spec": {}}, Location("web.yaml", 1), outcome, ENTRY, chart=chart)


def fleet(*parts: Part) -> Fleet:
    """Return a fleet of one cluster."""
    kustomizations = tuple(part for part in parts if isinstance(part, Kustomization))
    releases = tuple(part for part in parts if isinstance(part, HelmRelease))
    sets = tuple(part for part in parts if isinstance(part, ResourceSet))
    cluster = Cluster("prod", "clusters/prod", "a.yaml", kustomizations, helm_releases=releases, resource_sets=sets)
    return Fleet(Path(), (cluster,))


def told(base: Fleet, head: Fleet) -> list[tuple[str, ...]]:
    """Return what is told of each object: action, fate, id, owners; and whom it replaces."""
    return [
        (
            change.action.value,
            change.fate.value,
            str(change.id),
            change.owner_before or "-",
            change.owner_after or "-",
            *([str(change.replaces)] if change.replaces else []),
        )
        for cluster in tell(compare(base, head), Revision("a", "1"), Revision("b", "2")).clusters
        for change in cluster.objects
    ]


ONE, OTHER = obj("Service", "one"), obj("Service", "other")


def test_of_what_is_not_rendered_nothing_is_gone_or_new() -> None:
    failed, skipped = Failed(()), Skipped("it isn't here")
    for unknown in (failed, skipped):
        before, after = kustomization("apps", rendered(ONE)), kustomization("apps", unknown)
        assert told(fleet(before), fleet(after)) == []
        assert told(fleet(after), fleet(before)) == []
        parts = tell(compare(fleet(before), fleet(after)), Revision("a", "1"), Revision("b", "2")).clusters[0].parts
        assert [(p.name, p.outcome_before, p.known) for p in parts] == [("flux-system/apps", "rendered", False)]


def test_parts_that_a_broken_parent_declares_are_not_gone() -> None:
    child = kustomization("web", rendered(ONE), parent="flux-system/apps")
    base = fleet(kustomization("apps", rendered()), child)
    head = fleet(kustomization("apps", Failed(())))
    assert told(base, head) == []
    assert told(head, base) == []
    review = tell(compare(base, head), Revision("a", "1"), Revision("b", "2"))
    assert [(p.name, p.action, p.outcome_after, p.known) for p in review.clusters[0].parts] == [
        ("flux-system/apps", None, "failed", False),
        ("flux-system/web", None, None, False),
    ]


def test_what_leaves_a_part_that_breaks_is_moved_with_an_unknown_fate() -> None:
    base = fleet(kustomization("apps", rendered(ONE)), kustomization("more", rendered()))
    head = fleet(kustomization("apps", Failed(())), kustomization("more", rendered(ONE)))
    assert told(base, head) == [("moved", "unknown", "Service/web/one", "flux-system/apps", "flux-system/more")]


def test_one_of_two_owners_gives_up() -> None:
    both = fleet(kustomization("apps", rendered(ONE)), kustomization("more", rendered(ONE)))
    one = fleet(kustomization("apps", rendered(ONE)), kustomization("more", rendered()))
    moved = [(action, owner, to) for action, _fate, _id, owner, to in told(both, one)]
    assert moved == [("moved", "flux-system/more", "flux-system/apps")]
    added = [(action, owner, to) for action, _fate, _id, owner, to in told(one, both)]
    assert added == [("added", "-", "flux-system/more")]


def test_a_generated_object_is_changed_under_another_name() -> None:
    before, after = (
        obj("ConfigMap", "web-2gd4mk5h6t", data={"a": "1"}),
        obj("ConfigMap", "web-9cb8h7k6m5", data={"a": "2"}),
    )
    others = obj("ConfigMap", "web-notahashat", data={}), obj("Deployment", "web-2gd4mk5h6t")
    base = fleet(kustomization("apps", rendered(before, *others)))
    head = fleet(kustomization("apps", rendered(after)))
    assert told(base, head) == [
        ("removed", "pruned", "ConfigMap/web/web-notahashat", "flux-system/apps", "-"),
        ("removed", "pruned", "Deployment/web/web-2gd4mk5h6t", "flux-system/apps", "-"),
        (
            "changed",
            "applied",
            "ConfigMap/web/web-9cb8h7k6m5",
            "flux-system/apps",
            "flux-system/apps",
            "ConfigMap/web/web-2gd4mk5h6t",
        ),
    ]


def test_two_generations_of_one_name_are_not_guessed_at() -> None:
    base = fleet(kustomization("apps", rendered(obj("Secret", "web-2gd4mk5h6t"), obj("Secret", "web-2gd4mk5h6h"))))
    head = fleet(kustomization("apps", rendered(obj("Secret", "web-9cb8h7k6m5"))))
    assert [action for action, *_ in told(base, head)] == ["removed", "removed", "added"]


@pytest.mark.parametrize(("uses", "changes"), [((), 3), (("random",), 1), (("lookup",), 3), (("lookup", "time"), 1)])
def test_what_a_chart_makes_anew_each_time_is_no_change(uses: tuple[str, ...], changes: int) -> None:
    def objects(number: str) -> Rendered:
        template = {"metadata": {"annotations": {"checksum/secret": number, "team": "web"}}}
        return rendered(
            obj("Secret", "web", data={"password": number}),
            obj("Deployment", "web", spec={"template": template}),
            obj("ConfigMap", "web", data={"number": number}),
        )

    found = told(fleet(release(objects("1"), *uses)), fleet(release(objects("2"), *uses)))
    assert len(found) == changes


def test_a_renamed_part_is_one_part() -> None:
    spec = {"sourceRef": {"kind": "GitRepository", "name": "x"}, "path": "./apps"}
    base = fleet(kustomization("old", rendered(ONE, OTHER), **spec))
    head = fleet(kustomization("new", rendered(ONE, obj("Service", "third")), **spec))
    review = tell(compare(base, head), Revision("a", "1"), Revision("b", "2"))
    assert [(p.name, p.action, p.renamed_from) for p in review.clusters[0].parts if p.action] == [
        ("flux-system/new", review.clusters[0].parts[0].action, "flux-system/old")
    ]
    assert [(change.action.value, str(change.id)) for change in review.clusters[0].objects] == [
        ("removed", "Service/web/other"),
        ("moved", "Service/web/one"),
        ("added", "Service/web/third"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": True}, [(("a",), "1", "true")]),
        ({"a": [1, 2, 3]}, {"a": [1, 3]}, [(("a", 1), "2", None)]),
        (
            {"c": [{"name": "x", "v": 1}, {"name": "y", "v": 1}]},
            {"c": [{"name": "y", "v": 2}, {"name": "x", "v": 1}]},
            [(("c", 0, "v"), "1", "2")],
        ),
        (
            {"c": [{"name": "x"}]},
            {"c": [{"name": "y"}]},
            [(("c", 0), None, '{"name": "y"}'), (("c", 0), '{"name": "x"}', None)],
        ),
        ({"a": {"b": 1}}, {"a": None}, [(("a",), '{"b": 1}', "null")]),
        ({"a": None}, {}, [(("a",), "null", None)]),
        ({"a": [{"x": 1}, {"x": 2}]}, {"a": [{"x": 1}, {"x": 3}]}, [(("a", 1, "x"), "2", "3")]),
    ],
)
def test_fields(before: JsonObject, after: JsonObject, expected: list[tuple[object, ...]]) -> None:
    changes = [difference.change() for difference in differing(before, after)]
    assert [(change.path, change.before, change.after) for change in changes] == expected


def test_a_large_difference_is_told_in_full_and_in_time() -> None:
    before = obj("ConfigMap", "large", data={f"k{n:06}": "same" if n % 2 else str(n) for n in range(20_000)})
    after = obj("ConfigMap", "large", data={f"k{n:06}": "same" if n % 2 else str(-n) for n in range(20_000)})
    lines = unified(before, after).splitlines()
    assert sum(line.startswith("-") for line in lines) >= 9_999
    assert next(line for line in lines if line.startswith("@@")).startswith("@@ -")


def test_hunks_are_counted_from_the_beginning() -> None:
    before = {"data": {f"k{n:02}": "a" for n in range(40)}}
    after = {"data": {**before["data"], "k30": "b"}}
    assert unified(before, after) == (
        "@@ -29,7 +29,7 @@\n   k27: a\n   k28: a\n   k29: a\n-  k30: a\n+  k30: b\n   k31: a\n   k32: a\n   k33: a\n"
    )
