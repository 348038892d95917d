"""What the entry declares is followed as the cluster follows it: with all that the parents made of it."""

from __future__ import annotations

from pathlib import Path

from fleet_files import URL, bootstrap, kustomization, namespace, source
from fleet_outcomes import loaded, outcomes

from pytest_gitops.model import Fleet

WEB = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n"


def found(fleet: Fleet) -> dict[str, str]:
    """Return the outcomes of the cluster prod, less its entry."""
    return {name: text for name, text in outcomes(fleet)["prod"].items() if name != "flux-system/flux-system"}


def test_the_order_is_the_cluster_s_and_chains_tell_the_way(tmp_path: Path) -> None:
    files = {
        **bootstrap("prod"),
        "clusters/prod/b.yaml": kustomization("b", "./b"),
        "clusters/prod/a.yaml": kustomization("a", "./a"),
        "a/ks.yaml": kustomization("inner", "./inner"),
        "b/web.yaml": WEB,
        "inner/web.yaml": WEB,
    }
    cluster = loaded(tmp_path, files)["prod"]
    assert [(k.name, k.parent, str(k.location), [str(place) for place in k.chain]) for k in cluster.kustomizations] == [
        ("flux-system/flux-system", None, "clusters/prod/flux-system/gotk-sync.yaml:12", []),
        (
            "flux-system/a",
            "flux-system/flux-system",
            "clusters/prod/a.yaml:1",
            ["clusters/prod/flux-system/gotk-sync.yaml:12"],
        ),
        (
            "flux-system/b",
            "flux-system/flux-system",
            "clusters/prod/b.yaml:1",
            ["clusters/prod/flux-system/gotk-sync.yaml:12"],
        ),
        (
            "flux-system/inner",
            "flux-system/a",
            "a/ks.yaml:1",
            ["clusters/prod/flux-system/gotk-sync.yaml:12", "clusters/prod/a.yaml:1"],
        ),
    ]
    assert {k.directory for k in cluster.kustomizations} == {tmp_path}


def test_children_carry_what_the_parent_made_of_them(tmp_path: Path) -> None:
    patch = (
        "postBuild:\n  substitute:\n    ENV: staging\n"
        "targetNamespace: team\nnamePrefix: x-\n"
        "patches:\n  - target:\n      kind: Kustomization\n    patch: |\n"
        "      - op: add\n        path: /spec/suspend\n        value: true\n"
    )
    child = kustomization("web", "./apps/${ENV}").replace("  namespace: flux-system\n", "")
    files = {
        **bootstrap("prod"),
        "clusters/prod/all.yaml": kustomization("all", "./all", extra=patch),
        "all/web.yaml": child.replace("name: flux-system", "name: flux-system\n    namespace: flux-system"),
        "apps/staging/web.yaml": WEB,
    }
    fleet = loaded(tmp_path, files)
    assert found(fleet) == {"flux-system/all": "Kustomization/team/x-web", "team/x-web": "ConfigMap/web"}
    web = fleet["prod"]["x-web"]
    assert (web.path, web.suspended, str(web.location)) == ("apps/staging", True, "all/web.yaml:1")


def test_the_entry_as_its_own_output_has_it(tmp_path: Path) -> None:
    patches = (
        "patches:\n  - target:\n      kind: Kustomization\n      name: flux-system\n    patch: |\n"
        "      - op: add\n        path: /spec/postBuild\n        value:\n          substitute:\n            P: ./web\n"
    )
    files = {
        **bootstrap("prod"),
        "clusters/prod/web.yaml": kustomization("web", "${P}"),
        "web/web.yaml": WEB,
    }
    files["clusters/prod/flux-system/kustomization.yaml"] += patches
    fleet = loaded(tmp_path, files)
    assert found(fleet) == {"flux-system/web": "ConfigMap/web"}
    assert fleet["prod"]["flux-system"].spec["postBuild"] == {"substitute": {"P": "./web"}}


def test_a_kustomization_declared_twice_counts_once(tmp_path: Path) -> None:
    files = {
        **bootstrap("prod"),
        "clusters/prod/a.yaml": kustomization("web", "./one"),
        "clusters/prod/more.yaml": kustomization("more", "./more"),
        "more/web.yaml": kustomization("web", "./two"),
        "one/web.yaml": WEB,
        "two/web.yaml": WEB.replace("web", "other"),
    }
    fleet = loaded(tmp_path, files)
    assert found(fleet) == {"flux-system/more": "Kustomization/flux-system/web", "flux-system/web": "ConfigMap/web"}
    assert fleet.notes == (
        (
            "prod: Kustomization flux-system/web is declared more than once: clusters/prod/a.yaml:1, more/web.yaml:1; "
            "the first counts"
        ),
    )


def test_kustomizations_that_declare_each_other_end(tmp_path: Path) -> None:
    files = {
        **bootstrap("prod"),
        "clusters/prod/a.yaml": kustomization("a", "./a"),
        "a/b.yaml": kustomization("b", "./b"),
        "b/a.yaml": kustomization("a", "./a"),
    }
    fleet = loaded(tmp_path, files)
    assert found(fleet) == {
        "flux-system/a": "Kustomization/flux-system/b",
        "flux-system/b": "Kustomization/flux-system/a",
    }


def test_older_versions_and_disabled_objects(tmp_path: Path) -> None:
    disabled = kustomization("off", "./off").replace(
        "  namespace: flux-system\n",
        "  namespace: flux-system\n  annotations:\n    kustomize.toolkit.fluxcd.io/reconcile: disabled\n",
    )
    files = {
        **bootstrap("prod"),
        "clusters/prod/a.yaml": kustomization("a", "./a").replace("/v1\n", "/v1beta2\n"),
        "clusters/prod/b.yaml": kustomization("b", "./a").replace("/v1\n", "/v1beta1\n"),
        "clusters/prod/off.yaml": disabled,
        "clusters/prod/ignored.yaml": disabled.replace("reconcile: disabled", "ssa: Ignore").replace("off", "ignored"),
        "a/web.yaml": WEB,
    }
    assert found(loaded(tmp_path, files)) == {"flux-system/a": "ConfigMap/web", "flux-system/b": "ConfigMap/web"}


def test_a_child_without_a_namespace_gets_its_parent_s_and_a_note(tmp_path: Path) -> None:
    files = {
        **bootstrap("prod"),
        "clusters/prod/a.yaml": kustomization("a", "./a").replace("  namespace: flux-system\n", ""),
        "a/web.yaml": WEB,
    }
    fleet = loaded(tmp_path, files)
    assert found(fleet) == {"flux-system/a": "ConfigMap/web"}
    assert fleet.notes == (
        "prod: Kustomization flux-system/a (clusters/prod/a.yaml:1) has no namespace; its parent's is assumed",
    )


def test_flux_s_labels_and_common_metadata(tmp_path: Path) -> None:
    files = {
        **bootstrap("prod"),
        "clusters/prod/a.yaml": kustomization("a", "./a", extra="commonMetadata:\n  labels:\n    team: x\n"),
        "a/web.yaml": WEB,
    }
    rendered = loaded(tmp_path, files)["prod"]["a"].rendered
    assert rendered is not None
    assert rendered["ConfigMap/web"].labels == {
        "kustomize.toolkit.fluxcd.io/name": "a",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        "team": "x",
    }


def test_a_spoke_s_objects_are_not_the_hub_s(tmp_path: Path) -> None:
    """What is applied to another cluster answers no ``substituteFrom`` and declares no source here."""
    remote = "kubeConfig:\n  secretRef:\n    name: spoke\n"
    variables = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: vars\n  namespace: flux-system\ndata:\n  A: b\n"
    uses = "postBuild:\n  substituteFrom:\n    - kind: ConfigMap\n      name: vars\n"
    files = {
        **bootstrap("prod"),
        "clusters/prod/spoke.yaml": kustomization("spoke", "./spoke", extra=remote),
        "clusters/prod/web.yaml": kustomization("web", "./web", extra=uses),
        "spoke/vars.yaml": variables,
        "web/web.yaml": WEB + "data:\n  a: ${A}\n",
    }
    rendered = loaded(tmp_path, files)["prod"]["web"].rendered
    assert rendered is not None
    assert rendered["ConfigMap/web"]["data"] == {"a": "gitops-placeholder-a"}


def test_many_clusters_share_nothing_but_files(tmp_path: Path) -> None:
    files = {"shared/ks.yaml": kustomization("web", "./web"), "web/web.yaml": WEB}
    for name in ("one", "two"):
        files |= bootstrap(name)
        files[f"clusters/{name}/shared.yaml"] = kustomization("shared", "./shared")
    fleet = loaded(tmp_path, files)
    assert [list(kustomizations) for kustomizations in outcomes(fleet).values()] == [
        ["flux-system/flux-system", "flux-system/shared", "flux-system/web"],
        ["flux-system/flux-system", "flux-system/shared", "flux-system/web"],
    ]


def test_sources_are_listed_with_their_places(tmp_path: Path) -> None:
    files = {
        **bootstrap("prod"),
        "clusters/prod/sources.yaml": source("other", "https://github.com/example-org/other")
        + "---\n"
        + namespace("x"),
    }
    sources = loaded(tmp_path, files)["prod"].sources
    assert [(str(s.id), str(s.location), s.directory) for s in sources] == [
        ("GitRepository/flux-system/flux-system", "clusters/prod/flux-system/gotk-sync.yaml:1", tmp_path),
        ("GitRepository/flux-system/other", "clusters/prod/sources.yaml:1", None),
    ]
    assert sources[1].reason == (
        "GitRepository/flux-system/other (https://github.com/example-org/other) is not this repository and is not "
        "available here; give a local directory for it with `sources: {GitRepository/flux-system/other: DIRECTORY}`"
    )


def test_what_git_ignores_no_cluster_sees(tmp_path: Path) -> None:
    files = {
        **bootstrap("prod"),
        ".gitignore": "*.secret.yaml\nlocal/\n",
        "clusters/prod/a.yaml": kustomization("a", "./a"),
        "clusters/prod/local.yaml": kustomization("local", "./local"),
        "a/web.yaml": WEB,
        "a/web.secret.yaml": WEB.replace("web", "secret"),
        "local/web.yaml": WEB,
    }
    assert found(loaded(tmp_path, files)) == {
        "flux-system/a": "ConfigMap/web",
        "flux-system/local": "failed: path-not-found clusters/prod/local.yaml:8 kustomization path not found: "
        "stat local: no such file or directory",
    }
    assert URL


def test_an_empty_render_is_a_render(tmp_path: Path) -> None:
    files = {
        **bootstrap("prod"),
        "clusters/prod/a.yaml": kustomization("a", "./a"),
        "a/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n"
        "namespace: x\n",
    }
    rendered = loaded(tmp_path, files)["prod"]["a"].rendered
    assert rendered is not None
    assert len(rendered) == 0
