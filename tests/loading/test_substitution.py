"""``substituteFrom`` finds what the cluster itself renders, and what Git can't tell is marked, never guessed."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from fleet_files import Files, bootstrap, kustomization, overlay
from fleet_outcomes import described, loaded

from pytest_gitops.configuration import ClusterConfiguration, Configuration
from pytest_gitops.model import Cluster, Fleet

FROM = "postBuild:\n  substituteFrom:\n    - kind: {kind}\n      name: vars\n"


def fleet_files(extra: str, text: str, *more: tuple[str, str], version: str = "v2.9.5") -> Files:
    """Return a cluster with the Kustomization ``apps`` over one ConfigMap with the key ``text``."""
    return {
        **bootstrap("prod", version),
        "clusters/prod/apps.yaml": kustomization("apps", "./apps", extra=extra),
        "apps/web.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  text: {text}\n",
        **dict(more),
    }


def text_of(fleet: Fleet) -> str:
    """Return what became of the key ``text``."""
    rendered = fleet["prod"]["apps"].rendered
    return described(fleet["prod"]["apps"].outcome) if rendered is None else rendered["ConfigMap/web"]["data"]["text"]


def vars_object(kind: str, body: str, extra: str = "") -> str:
    """Return an object called vars in flux-system."""
    version = {
        "ConfigMap": "v1",
        "Secret": "v1",
        "ExternalSecret": "external-secrets.io/v1",
        "SealedSecret": "bitnami.com/v1alpha1",
    }
    head = f"apiVersion: {version[kind]}\nkind: {kind}\nmetadata:\n  name: vars\n  namespace: flux-system\n"
    return f"{head}{body}{extra}"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("ConfigMap", "data:\n  NAME: value\n"),
        ("Secret", "stringData:\n  NAME: value\n"),
        ("Secret", f"data:\n  NAME: {b64encode(b'value').decode()}\n"),
        ("Secret", f"data:\n  NAME: {b64encode(b'old').decode()}\nstringData:\n  NAME: value\n"),
    ],
)
def test_values_of_the_entry(tmp_path: Path, kind: str, body: str) -> None:
    fleet = loaded(
        tmp_path,
        fleet_files(FROM.format(kind=kind), "${NAME}", ("clusters/prod/vars.yaml", vars_object(kind, body))),
    )
    assert text_of(fleet) == "value"
    assert [(v.name, v.source) for v in fleet["prod"]["apps"].rendered.variables] == [("NAME", f"{kind}/vars")]  # type: ignore[union-attr]


def test_values_of_a_kustomization_that_is_rendered_later(tmp_path: Path) -> None:
    config = ("clusters/prod/zconfig.yaml", kustomization("zconfig", "./config"))
    values = ("config/vars.yaml", vars_object("ConfigMap", "data:\n  NAME: value\n"))
    assert text_of(loaded(tmp_path, fleet_files(FROM.format(kind="ConfigMap"), "${NAME}", config, values))) == "value"


def test_values_that_the_kustomization_renders_itself(tmp_path: Path) -> None:
    values = ("apps/vars.yaml", vars_object("ConfigMap", "data:\n  NAME: value\n"))
    assert text_of(loaded(tmp_path, fleet_files(FROM.format(kind="ConfigMap"), "${NAME}", values))) == "value"


def test_inline_values_win(tmp_path: Path) -> None:
    values = ("clusters/prod/vars.yaml", vars_object("ConfigMap", "data:\n  NAME: value\n"))
    extra = FROM.format(kind="ConfigMap") + "  substitute:\n    NAME: inline\n"
    assert text_of(loaded(tmp_path, fleet_files(extra, "${NAME}", values))) == "inline"


def test_an_object_of_another_namespace_is_none(tmp_path: Path) -> None:
    values = vars_object("ConfigMap", "data:\n  NAME: value\n").replace("flux-system", "default")
    fleet = loaded(tmp_path, fleet_files(FROM.format(kind="ConfigMap"), "${NAME}", ("clusters/prod/vars.yaml", values)))
    assert text_of(fleet) == "gitops-placeholder-name"
    assert fleet.notes == (
        (
            "prod: nothing in Git makes ConfigMap/flux-system/vars, which flux-system/apps needs: its values are "
            "placeholders"
        ),
    )


def test_a_typo_is_an_error_with_its_line(tmp_path: Path) -> None:
    values = ("clusters/prod/vars.yaml", vars_object("ConfigMap", "data:\n  NAME: value\n"))
    fleet = loaded(tmp_path, fleet_files(FROM.format(kind="ConfigMap"), "${NAM}", values))
    (finding,) = fleet["prod"]["apps"].outcome.findings  # type: ignore[union-attr]
    assert (finding.rule, str(finding.location), finding.clusters) == ("variable-not-set", "apps/web.yaml:6", ("prod",))
    assert 'variable not set (strict mode): "NAM"' in finding.message
    assert [str(place) for place in finding.chain] == [
        "clusters/prod/flux-system/gotk-sync.yaml:12",
        "clusters/prod/apps.yaml:1",
    ]


SOPS = "data:\n  NAME: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\nsops:\n  mac: ENC[AES256_GCM,data:x,type:str]\n"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("Secret", SOPS),
        ("Secret", SOPS.replace("data:\n", "stringData:\n", 1)),
        ("SealedSecret", "spec:\n  encryptedData:\n    NAME: AgBy3i4\n"),
        ("ExternalSecret", "spec:\n  data:\n    - secretKey: NAME\n      remoteRef:\n        key: x\n"),
    ],
)
def test_a_key_without_a_value_is_a_placeholder_and_a_typo_still_an_error(tmp_path: Path, kind: str, body: str) -> None:
    values = ("clusters/prod/vars.yaml", vars_object(kind, body))
    fleet = loaded(tmp_path / "right", fleet_files(FROM.format(kind="Secret"), "${NAME}", values))
    assert text_of(fleet) == "gitops-placeholder-name"
    assert fleet["prod"]["apps"].rendered.placeholders == {"NAME": "gitops-placeholder-name"}  # type: ignore[union-attr]
    assert fleet.notes == ()
    fleet = loaded(tmp_path / "wrong", fleet_files(FROM.format(kind="Secret"), "${NAM}", values))
    assert text_of(fleet).startswith("failed: variable-not-set apps/web.yaml:6 ")


@pytest.mark.parametrize(
    "body",
    [
        "spec:\n  dataFrom:\n    - extract:\n        key: x\n",
        "spec:\n  target:\n    template:\n      data:\n        A: b\n  data:\n    - secretKey: A\n",
    ],
)
def test_an_external_secret_of_unknown_keys(tmp_path: Path, body: str) -> None:
    values = ("clusters/prod/vars.yaml", vars_object("ExternalSecret", body))
    fleet = loaded(tmp_path, fleet_files(FROM.format(kind="Secret"), "${NAME}", values))
    assert text_of(fleet) == "gitops-placeholder-name"


def test_an_optional_object_that_nothing_makes_is_absent(tmp_path: Path) -> None:
    extra = FROM.format(kind="ConfigMap") + "      optional: true\n"
    fleet = loaded(tmp_path / "unset", fleet_files(extra, "${NAME:=default}"))
    # Without any variable Flux substitutes nothing at all.
    assert text_of(fleet) == "${NAME:=default}"
    extra += "  substitute:\n    OTHER: x\n"
    assert text_of(loaded(tmp_path / "default", fleet_files(extra, "${NAME:=default}"))) == "default"
    assert text_of(loaded(tmp_path / "strict", fleet_files(extra, "${NAME}"))).startswith("failed: variable-not-set")


@pytest.mark.parametrize(
    ("version", "expected"), [("v2.8.3", None), ("v2.9.0", "failed"), ("v2.10.1", "failed"), ("v3.0.0", "failed")]
)
def test_strict_as_the_cluster_s_version_has_it(tmp_path: Path, version: str, expected: str | None) -> None:
    extra = "postBuild:\n  substitute:\n    OTHER: x\n"
    fleet = loaded(tmp_path, fleet_files(extra, "x${NAME}", version=version))
    assert fleet["prod"].flux_version == version
    assert text_of(fleet).split(":")[0] == (expected or "x")


def controller(argument: str) -> tuple[str, str]:
    """Return a kustomize-controller with an argument, as a file of the entry."""
    return (
        "clusters/prod/controller.yaml",
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: kustomize-controller\n  namespace: flux-system\n"
            f"spec:\n  template:\n    spec:\n      containers:\n        - name: manager\n          args:\n"
            f"            - --log-level=info\n            - {argument}\n"
        ),
    )


@pytest.mark.parametrize(
    ("version", "gate", "strict"), [("v2.8.3", "true", True), ("v2.9.5", "false", False), ("v2.9.5", "true", True)]
)
def test_the_feature_gate_wins(tmp_path: Path, version: str, gate: str, strict: bool) -> None:
    argument = f"--feature-gates=Other=true,StrictPostBuildSubstitutions={gate}"
    extra = "postBuild:\n  substitute:\n    OTHER: x\n"
    fleet = loaded(tmp_path, fleet_files(extra, "x${NAME}", controller(argument), version=version))
    assert fleet["prod"].strict_substitution is strict
    assert text_of(fleet).startswith("failed: variable-not-set" if strict else "x")


def configured(**options: object) -> Configuration:
    """Return a configuration of the cluster prod."""
    return Configuration(clusters={"prod": ClusterConfiguration(**options)})  # type: ignore[arg-type]


def test_the_configuration_wins_over_both(tmp_path: Path) -> None:
    files = fleet_files(
        "postBuild:\n  substitute:\n    OTHER: x\n",
        "x${NAME}",
        controller("--feature-gates=StrictPostBuildSubstitutions=true"),
    )
    fleet = loaded(tmp_path, files, configuration=configured(strict_substitution=False))
    assert (fleet["prod"].strict_substitution, text_of(fleet)) == (False, "x")


def test_values_of_the_configuration_are_for_what_git_cannot_tell(tmp_path: Path) -> None:
    values = ("clusters/prod/vars.yaml", vars_object("Secret", SOPS + "stringData:\n  KNOWN: git\n"))
    files = fleet_files(FROM.format(kind="Secret"), "${NAME} ${KNOWN}", values)
    fleet = loaded(tmp_path, files, configuration=configured(values={"NAME": "mine", "KNOWN": "mine"}))
    assert text_of(fleet) == "mine git"
    assert fleet["prod"]["apps"].rendered.placeholders == {}  # type: ignore[union-attr]


def test_a_value_that_changes_on_the_way_is_taken_from_the_last_render(tmp_path: Path) -> None:
    """The entry's variables change what a child renders, and with it what a third one uses."""
    files = fleet_files(
        FROM.format(kind="ConfigMap"),
        "${NAME}",
        ("clusters/prod/a.yaml", kustomization("a", "./a", extra=FROM.format(kind="Secret"))),
        ("a/vars.yaml", vars_object("ConfigMap", "data:\n  NAME: x-${B}\n")),
        ("a/b.yaml", vars_object("Secret", "stringData:\n  B: b\n")),
    )
    assert text_of(loaded(tmp_path, files)) == "x-b"


def test_clusters_do_not_share_values(tmp_path: Path) -> None:
    files = {"apps/kustomization.yaml": overlay("web.yaml")}
    files["apps/web.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  text: ${NAME}\n"
    for name in ("one", "two"):
        files |= bootstrap(name)
        files[f"clusters/{name}/apps.yaml"] = kustomization("apps", "./apps", extra=FROM.format(kind="ConfigMap"))
        files[f"clusters/{name}/vars.yaml"] = vars_object("ConfigMap", f"data:\n  NAME: {name}\n")
    clusters: tuple[Cluster, ...] = loaded(tmp_path, files).clusters
    assert [c["apps"].rendered["ConfigMap/web"]["data"]["text"] for c in clusters] == ["one", "two"]  # type: ignore[index]


def test_an_entry_that_renders_its_own_values(tmp_path: Path) -> None:
    """The entry of many a home repository substitutes from what it applies itself."""
    both = FROM.format(kind="ConfigMap") + "    - kind: Secret\n      name: vars\n"
    files = {
        "flux/config.yaml": kustomization("cluster", "./flux", extra=both),
        "flux/vars.yaml": vars_object("ConfigMap", "data:\n  NAME: value\n"),
        "flux/secret.sops.yaml": vars_object("Secret", SOPS.replace("NAME", "HIDDEN")),
        "flux/web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  text: ${NAME} ${HIDDEN}\n",
    }
    fleet = loaded(tmp_path, files)
    rendered = fleet["flux"]["cluster"].rendered
    assert rendered is not None
    assert rendered["ConfigMap/web"]["data"] == {"text": "value gitops-placeholder-hidden"}
    assert (rendered.placeholders, fleet.notes) == ({"HIDDEN": "gitops-placeholder-hidden"}, ())


def test_values_that_feed_each_other_end(tmp_path: Path) -> None:
    files = bootstrap("prod")
    for name, other in (("a", "b"), ("b", "a")):
        extra = FROM.format(kind="ConfigMap").replace("name: vars", f"name: {other}")
        files[f"clusters/prod/{name}.yaml"] = kustomization(name, f"./{name}", extra=extra)
        grown = vars_object("ConfigMap", "data:\n  V: x${V}\n").replace("name: vars", f"name: {name}")
        files[f"{name}/{name}.yaml"] = grown
    cluster = loaded(tmp_path, files)["prod"]
    assert [described(cluster[name].outcome) for name in ("a", "b")] == [
        "ConfigMap/flux-system/a",
        "ConfigMap/flux-system/b",
    ]
