"""Secrets become digests: which values, what stays, and what the digests depend on."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from secrets_files import IDENTITY, OTHER_IDENTITY

from pytest_gitops.model import (
    Cluster,
    HelmRelease,
    Kustomization,
    Location,
    Rendered,
    Resource,
    ResourceId,
    Variable,
)
from pytest_gitops.redaction import LAST_APPLIED, Redactor, Secrecy, secrecy

Object = dict[str, Any]
DIGEST = re.compile(r"<redacted [0-9a-f]{8}>")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(**fields: Any) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "b"}} | fields


def shape(value: Any) -> Any:
    """Return a value with ``#`` for each digest."""
    return json.loads(DIGEST.sub("#", json.dumps(value)))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": "x", "b": "", "c": 7, "d": True, "e": None}, {"a": "#", "b": "", "c": "#", "d": "#", "e": None}),
        ({"a": {"nested": ["x", {"y": "z"}]}}, {"a": {"nested": ["#", {"y": "#"}]}}),
        ("no mapping", "#"),
        (None, None),
    ],
)
def test_values_of_a_secret(given: Any, expected: Any) -> None:
    obj = secret(stringData=given)
    redacted = Redactor().redact(obj)
    assert shape(redacted) == obj | {"stringData": expected}
    assert list(redacted) == list(obj)


def test_what_git_cannot_tell_stays() -> None:
    obj = secret(stringData={"a": "ENC[AES256_GCM,data:x]", "b": "gitops-placeholder-b"})
    assert Redactor().redact(obj) == obj


def test_data_is_looked_at_decoded() -> None:
    data = {"a": encoded("x"), "b": "not base64!", "c": encoded("ENC[x]"), "d": "eA=\n=", "e": ""}
    redacted = Redactor().redact(secret(data=data, stringData={"a": "x"}))
    assert shape(redacted["data"]) == {"a": "#", "b": "#", "c": "ENC[x]", "d": "#", "e": ""}
    assert redacted["data"]["a"] == redacted["data"]["d"] == redacted["stringData"]["a"]


def test_annotations_of_a_secret() -> None:
    annotations = {LAST_APPLIED: '{"data":{"old":"b2xk"}}', "note": "it is hunter22 and more", "plain": "web"}
    obj = secret(stringData={"a": "hunter22", "b": "web"})
    obj["metadata"]["annotations"] = annotations
    redacted = Redactor().redact(obj)["metadata"]["annotations"]
    assert shape(redacted) == {LAST_APPLIED: "#", "note": "it is # and more", "plain": "web"}


def test_secrets_inside_of_other_objects() -> None:
    inner = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"a": "b"}}
    outer = {"apiVersion": "v1", "kind": "List", "items": [inner], "spec": {"resources": [{"spec": inner}]}}
    hidden = inner | {"stringData": {"a": "#"}}
    expected = {"apiVersion": "v1", "kind": "List", "items": [hidden], "spec": {"resources": [{"spec": hidden}]}}
    assert shape(Redactor().redact(outer)) == expected


def test_other_objects_keep_their_values() -> None:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"password": "hunter22", "n": 1}}
    assert Redactor().redact(obj) == obj


def test_known_values_are_found_inside_of_texts_keys_and_numbers() -> None:
    spec = {"url": "x://hunter22@h", "port": 5432, "hunter22.example.com": 1, "on": True, "a": "12"}
    redacted = Redactor().redact({"kind": "A", "spec": spec}, Secrecy(("hunter22", "5432", "true", "ab")))
    expected = {"url": "x://#@h", "port": "#", "#.example.com": 1, "on": "#", "a": "12"}
    assert shape(redacted) == {"kind": "A", "spec": expected}


def test_short_values_are_found_as_words_only() -> None:
    obj = {"kind": "A", "spec": {"a": "k7", "b": "x=k7;", "c": "k70", "d": "ok7"}}
    assert shape(Redactor().redact(obj, Secrecy(("k7",))))["spec"] == {"a": "#", "b": "x=#;", "c": "k70", "d": "ok7"}


def test_decrypted_values_count_where_they_are_all_there_is() -> None:
    values = Secrecy(whole=("admin", "a-very-long-password"), decrypted=True)
    labels = {"user": "admin", "x": "a-very-long-password"}
    spec = {"user": "admin", "b": " admin\n", "c": "administrator", "d": True, "e": "x=a-very-long-password"}
    redacted = Redactor().redact(
        {"kind": "A", "metadata": {"labels": labels, "annotations": labels}, "spec": spec}, values
    )
    assert shape(redacted) == {
        "kind": "A",
        "metadata": {"labels": {"user": "admin", "x": "#"}, "annotations": {"user": "#", "x": "#"}},
        "spec": {"user": "#", "b": "#", "c": "administrator", "d": True, "e": "x=#"},
    }


def test_short_decrypted_values_leave_other_texts_alone() -> None:
    obj = {"kind": "A", "spec": {"a": "administrator"}}
    assert Redactor().redact(obj, Secrecy(whole=("admin",), decrypted=True)) == obj


def test_the_longest_value_counts() -> None:
    redacted = Redactor().redact({"kind": "A", "x": "hunter22-b"}, Secrecy(("hunter22", "hunter22-b")))
    assert shape(redacted) == {"kind": "A", "x": "#"}


def test_the_digest_is_an_hmac_of_identity_and_value() -> None:
    """The same value has the same digest on every machine and in every version."""
    key = hmac.digest(b"pytest-gitops given", b"a key", "sha256")
    expected = hmac.digest(key, b"Secret/b/a\0x", "sha256").hex()[:8]
    redactor = Redactor.from_environment({"GITOPS_SNAPSHOT_KEY": "a key"})
    assert redactor.redact(secret(stringData={"a": "x"}))["stringData"]["a"] == f"<redacted {expected}>"
    unkeyed = hmac.digest(b"pytest-gitops", b"Secret/b/a\0x", "sha256").hex()[:8]
    assert Redactor().redact(secret(stringData={"a": "x"}))["stringData"]["a"] == f"<redacted {unkeyed}>"


def test_a_generated_name_changes_nothing() -> None:
    first, second = (secret(stringData={"a": "x"}) for _ in range(2))
    first["metadata"]["name"], second["metadata"]["name"] = "web-4m2b9c7d5f", "web-85kf5b8b9h"
    assert Redactor().redact(first)["stringData"] == Redactor().redact(second)["stringData"]


def test_two_objects_do_not_show_that_they_share_a_value() -> None:
    other = secret(stringData={"a": "x"})
    other["metadata"]["name"] = "other"
    assert Redactor().redact(other)["stringData"] != Redactor().redact(secret(stringData={"a": "x"}))["stringData"]


def test_decrypted_values_have_a_key_that_git_does_not_show(tmp_path: Path) -> None:
    obj, decrypted = secret(stringData={"a": "x"}), Secrecy(decrypted=True)
    (tmp_path / "keys.txt").write_text(f"# created: today\n{IDENTITY}\n")
    (tmp_path / "sops/age").mkdir(parents=True)
    (tmp_path / "sops/age/keys.txt").write_text(f"{IDENTITY}\n")
    other = {"SOPS_AGE_KEY": OTHER_IDENTITY}
    redactors = [
        Redactor.from_environment({"SOPS_AGE_KEY": IDENTITY}),
        Redactor.from_environment({"SOPS_AGE_KEY_FILE": str(tmp_path / "keys.txt")}),
        Redactor.from_environment({"XDG_CONFIG_HOME": str(tmp_path)}),
        # What is given for the run decides, whatever else is lying around.
        Redactor.from_environment(other, files=[tmp_path / "keys.txt"]),
        Redactor.from_environment(other, configured=tmp_path / "keys.txt"),
    ]
    digests = {redactor.redact(obj, decrypted)["stringData"]["a"] for redactor in redactors}
    assert len(digests) == 1
    assert all(redactor.redact(obj) == Redactor().redact(obj) for redactor in redactors)
    stretched = hashlib.pbkdf2_hmac("sha256", b"x", b"pytest-gitopsSecret/b/a", 20_000).hex()[:8]
    assert Redactor().redact(obj, decrypted)["stringData"]["a"] == f"<redacted {stretched}>"
    given = Redactor.from_environment({"GITOPS_SNAPSHOT_KEY": "k", "SOPS_AGE_KEY": IDENTITY})
    assert given.redact(obj, decrypted) == given.redact(obj)


def resource(obj: Object) -> Resource:
    return Resource(id=ResourceId.of(obj), api_version=obj["apiVersion"], text=json.dumps(obj))


def part(name: str, *objects: Object, variables: tuple[Variable, ...] = (), **spec: Any) -> Kustomization:
    id = ResourceId("kustomize.toolkit.fluxcd.io", "Kustomization", "b", name)
    return Kustomization(
        id, {"spec": spec}, Location("a.yaml", 1), Rendered(tuple(map(resource, objects)), variables=variables)
    )


def config(name: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "b"}, "data": data}


def test_what_is_secret_in_a_part() -> None:
    texts = {"P": "hunter22", "Q": "unused-one", "W": "ENC[x]"}
    held = part("entry", secret(stringData=texts, data={"E": encoded("e-value")}))
    uses = part(
        "uses",
        config("passed-on", p="hunter22"),
        variables=(
            Variable("P", "Secret/a"),
            Variable("E", "Secret/a"),
            Variable("W", "Secret/a"),
            Variable("D", "default"),
            Variable("Q", "ConfigMap/a"),
            Variable("P", "Secret/absent"),
        ),
    )
    child = part("child", postBuild={"substitute": {"X": 'say "hunter22"'}})
    reader = part("reader", postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "passed-on"}]})
    other = part("other", decryption={"provider": "sops"})
    decrypts = replace(
        other, id=replace(other.id, name="decrypts"), outcome=Rendered((), secrets=("from-sops", "hunter2!", "passed"))
    )
    given = part("given", postBuild={"substitute": {"X": "from-sops"}})
    cluster = Cluster("c", "c", "c.yaml", (held, uses, child, reader, other, decrypts, given))
    assert {p.id.name: secrecy(cluster, p) for p in cluster.parts} == {
        "entry": Secrecy(),
        "uses": Secrecy(("e-value", "hunter22")),
        "child": Secrecy(("hunter22",)),
        "reader": Secrecy(("hunter22",)),
        "other": Secrecy(),
        "decrypts": Secrecy(decrypted=True, whole=("from-sops", "hunter2!")),
        "given": Secrecy(),
    }


def test_what_a_helm_release_takes_out_of_a_secret() -> None:
    values = "password: hunter22\nlist:\n- 'second-password'\nport: 80\n"
    held = part("entry", secret(stringData={"values.yaml": values}))
    spec = {"valuesFrom": [{"kind": "Secret", "name": "a"}, {"kind": "ConfigMap", "name": "a"}, "wrong"]}
    id = ResourceId("helm.toolkit.fluxcd.io", "HelmRelease", "b", "web")
    release = HelmRelease(id, {"spec": spec}, Location("a.yaml", 1), Rendered(()))
    cluster = Cluster("c", "c", "c.yaml", (held,), helm_releases=(release,))
    assert secrecy(cluster, release) == Secrecy(("hunter22", values, "second-password"))
