"""What a snapshot leaves out, and what it must not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pytest_gitops.model import Chart, HelmRelease, Location, Rendered, Resource, ResourceId
from pytest_gitops.redaction import PLAIN, Redactor
from pytest_gitops.snapshots.manifest import HEADER, Normaliser, is_random, objects_of
from pytest_gitops.snapshots.options import SnapshotOptions, snapshot_options

Object = dict[str, Any]


def text(*objects: Object, options: SnapshotOptions | None = None, random: bool = False) -> str:
    """Return a snapshot without its header."""
    written = Normaliser(options or SnapshotOptions(), Redactor(b"key")).text(objects, PLAIN, random=random)
    return written.removeprefix(HEADER)


def config(name: str, **fields: Any) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "web"}} | fields


def test_no_object_is_a_snapshot_too() -> None:
    assert Normaliser(SnapshotOptions(), Redactor()).text([]) == HEADER


def test_order_is_by_kind_namespace_and_name() -> None:
    objects = [config("b"), config("a"), config("a") | {"kind": "Alpha"}]
    assert text(*objects) == text(*reversed(objects))
    assert [line for line in text(*objects).splitlines() if line[:4] in ("kind", "  na")] == [
        *("kind: Alpha", "  name: a", "  namespace: web"),
        *("kind: ConfigMap", "  name: a", "  namespace: web"),
        *("kind: ConfigMap", "  name: b", "  namespace: web"),
    ]


def test_generated_names_lose_their_hash_wherever_they_are() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {
            "volumes": [{"name": "v", "configMap": {"name": "web-4m2b9c7d5f"}}, {"configMap": {"name": "web"}}],
            "note": "see web-4m2b9c7d5f, not web-4m2b9c7d5fx or my-web-4m2b9c7d5f",
        },
    }
    assert text(pod, config("web-4m2b9c7d5f")) == (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web-<hash>\n  namespace: web\n"
        "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n"
        "  note: see web-<hash>, not web-4m2b9c7d5fx or my-web-4m2b9c7d5f\n"
        "  volumes:\n  - name: v\n    configMap:\n      name: web-<hash>\n  - configMap:\n      name: web\n"
    )
    off = snapshot_options({"rules": {"generated-names": False}})
    assert "name: web-4m2b9c7d5f\n" in text(pod, config("web-4m2b9c7d5f"), options=off)


NOISE: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "labels": {
            "helm.sh/chart": "web-1.2.3",
            "app.kubernetes.io/version": "1.2.3",
            "kustomize.toolkit.fluxcd.io/name": "apps",
            "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
            "app": "web",
        },
    },
    "spec": {
        "selector": {"matchLabels": {"app.kubernetes.io/version": "1.2.3"}},
        "template": {"metadata": {"annotations": {"checksum/config": "abc", "rollme": "xY1z"}}},
    },
}
QUIET = """\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    app: web
    app.kubernetes.io/version: <any>
    helm.sh/chart: <any>
spec:
  selector:
    matchLabels:
      app.kubernetes.io/version: 1.2.3
  template:
    metadata:
      annotations:
        checksum/config: <any>
        rollme: <any>
"""


def test_noise_is_normalised() -> None:
    assert text(NOISE) == QUIET


def test_labels_that_only_tell_the_owner_leave_nothing() -> None:
    owned = config("a")
    owned["metadata"]["labels"] = {"helm.toolkit.fluxcd.io/name": "x", "helm.toolkit.fluxcd.io/namespace": "y"}
    assert text(owned) == text(config("a"))


def test_rules_can_be_switched_off() -> None:
    options = snapshot_options({"rules": {"chart-labels": "off", "checksums": False}})
    plain = QUIET.replace("helm.sh/chart: <any>", "helm.sh/chart: web-1.2.3").replace("rollme: <any>", "rollme: xY1z")
    plain = plain.replace("version: <any>", "version: 1.2.3").replace("config: <any>", "config: abc")
    assert text(NOISE, options=options) == plain


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"path": ["data", "*-stamp"]}, {"a-stamp": "<any>"}),
        ({"path": ["data", "x"], "action": "remove"}, {"x": None}),
        ({"path": ["**", "b"]}, {"list": [{"b": "<any>"}, {"b": "<any>"}]}),
        ({"path": ["data", "**"]}, {"a-stamp": "<any>", "list": "<any>", "x": "<any>"}),
        ({"path": ["data", "**", "**", "b"]}, {"list": [{"b": "<any>"}, {"b": "<any>"}]}),
        ({"path": ["data", "**", "l*", "**", 1]}, {"list": [{"b": "1"}, "<any>"]}),
        ({"path": ["data", "list", 0]}, {"list": ["<any>", {"b": "2"}]}),
        ({"path": ["data", "list", 1], "action": "remove"}, {"list": [{"b": "1"}]}),
        ({"path": ["data", "x"], "action": "redact"}, {"x": "<redacted>"}),
        # printf '"3"' | sha256sum
        ({"path": ["data", "x"], "action": "digest"}, {"x": "<digest a4aab3f1>"}),
        ({"path": ["data", "x"], "kind": "Secret"}, {}),
        ({"path": ["data", "x"], "kind": "Conf*", "name": "y"}, {}),
        ({"path": ["data", "x"], "kind": "Conf*", "name": "a", "namespace": "w*"}, {"x": "<any>"}),
    ],
)
def test_own_rules(rule: Object, expected: Object) -> None:
    data = {"a-stamp": "now", "list": [{"b": "1"}, {"b": "2"}], "x": "3"}
    normaliser = Normaliser(snapshot_options({"rules": {"own": rule}}), Redactor())
    changed = {key: value for key, value in (data | expected).items() if value is not None}
    assert normaliser.objects([config("a", data=data)]) == [config("a", data=changed)]


def test_long_texts_are_folded_and_still_show_a_change() -> None:
    lines = "".join(f"line {number}\n" for number in range(100))
    data = {
        "kept": lines.partition("\n")[2],
        "lines": lines,
        "characters": "word " * 2000,
        "word": "a" * 257,
        "short": "a" * 256,
    }
    # Each digest is the start of what sha256sum says of the text.
    folded = Normaliser(SnapshotOptions(), Redactor()).objects([config("a", data=data)])[0]["data"]
    assert folded == {
        "kept": data["kept"],
        "lines": "<folded cc91c5e2, 100 lines>",
        "characters": "<folded 98c8dbe3, 10000 characters>",
        "word": "<folded e8d95cc2, 257 characters>",
        "short": "a" * 256,
    }
    changed = Normaliser(SnapshotOptions(), Redactor()).objects([config("a", data={"lines": lines + "more\n"})])
    assert changed[0]["data"]["lines"] != folded["lines"]


def test_the_schema_of_a_custom_resource_is_a_digest() -> None:
    version = {"name": "v1", "schema": {"openAPIV3Schema": {"type": "object"}}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "as.example.com"},
        "spec": {"group": "example.com", "versions": [version]},
    }
    assert "    schema:\n      openAPIV3Schema: <digest " in text(crd)
    other = crd | {"spec": {"versions": [version | {"schema": {"openAPIV3Schema": {"type": "array"}}}]}}
    assert text(other) != text(crd)


def release(password: str, checksum: str, *uses: str) -> HelmRelease:
    """Return a HelmRelease whose chart makes a password at each render."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "web"},
        "data": {"password": password},
        "type": "Opaque",
    }
    hook = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate", "annotations": {"helm.sh/hook": "pre-upgrade", "checksum/secret": checksum}},
    }
    webhook = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "web"},
        "webhooks": [{"name": "a", "clientConfig": {"caBundle": password, "service": {"name": "web"}}}],
    }
    resources = [resource(obj) for obj in (secret, hook, webhook)]
    return HelmRelease(
        ResourceId("helm.toolkit.fluxcd.io", "HelmRelease", "web", "web"),
        {"spec": {}},
        Location("web.yaml", 1),
        Rendered((resources[0], resources[2])),
        chart=Chart("web", "1.2.3", "HelmRepository/web/web", uses=uses),
        hooks=(resources[1],),
    )


def resource(obj: Object) -> Resource:
    return Resource(id=ResourceId.of(obj), api_version=obj["apiVersion"], text=json.dumps(obj))


RELEASE = """\
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    checksum/secret: <any>
    helm.sh/hook: pre-upgrade
---
apiVersion: v1
kind: Secret
metadata:
  name: web
data:
  password: <redacted>
type: Opaque
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: web
webhooks:
- name: a
  clientConfig:
    caBundle: <any>
    service:
      name: web
"""


def test_what_a_chart_makes_at_random_is_not_compared() -> None:
    first, second = release("YQ==", "1", "random"), release("Yg==", "2", "random")
    assert text(*objects_of(first), random=is_random(first)) == RELEASE
    assert text(*objects_of(second), random=is_random(second)) == RELEASE
    steady = release("YQ==", "1", "lookup")
    assert re.search(r"  password: <redacted [0-9a-f]{8}>\n", text(*objects_of(steady), random=is_random(steady)))
