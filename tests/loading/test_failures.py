"""A failure says what is wrong, in which file and line, the way there and the remedy, and fails nothing else."""

from __future__ import annotations

from pathlib import Path

from fleet_files import Files, bootstrap, kustomization, overlay
from fleet_outcomes import described, loaded, outcomes, overlays

from pytest_gitops.model import Failed, Finding

WEB = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n"
CHAIN = ["clusters/prod/flux-system/gotk-sync.yaml:12"]


def failing(tmp_path: Path, files: Files, extra: str = "", **options: object) -> Finding:
    """Return the finding of the Kustomization apps over ``./apps``; a sibling is always rendered."""
    common = {
        **bootstrap("prod"),
        "clusters/prod/apps.yaml": "# The apps.\n---\n" + kustomization("apps", "./apps", extra=extra),
        "clusters/prod/other.yaml": kustomization("other", "./other"),
        "other/web.yaml": WEB,
    }
    cluster = loaded(tmp_path, common | files, **options)["prod"]
    assert described(cluster["other"].outcome) == "ConfigMap/web"
    outcome = cluster["apps"].outcome
    assert isinstance(outcome, Failed), described(outcome)
    (finding,) = outcome.findings
    assert finding.clusters == ("prod",)
    return finding


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    finding = failing(tmp_path, {"appz/web.yaml": WEB})
    assert (finding.rule, str(finding.location), finding.remedy) == (
        "path-not-found",
        "clusters/prod/apps.yaml:10",
        "did you mean appz?",
    )
    assert [str(place) for place in finding.chain] == CHAIN


def test_a_file_that_a_kustomization_file_names_and_that_is_not_there(tmp_path: Path) -> None:
    finding = failing(tmp_path, {"apps/kustomization.yaml": overlay("web.yaml", "gone.yaml"), "apps/web.yaml": WEB})
    assert str(finding.location) == "apps/kustomization.yaml:5"
    assert [str(place) for place in finding.chain] == [*CHAIN, "clusters/prod/apps.yaml:3"]


def test_an_error_in_a_base_of_a_base(tmp_path: Path) -> None:
    files = {
        "apps/kustomization.yaml": overlay("../base"),
        "base/kustomization.yaml": overlay("web.yaml"),
        "base/web.yaml": WEB + "data:\n  a: b\n   c: d\n",
    }
    finding = failing(tmp_path, files)
    assert (finding.rule, finding.location.file if finding.location else None) == ("yaml", "base/web.yaml")
    assert [str(place) for place in finding.chain[:2]] == [*CHAIN, "clusters/prod/apps.yaml:3"]


def test_a_patch_without_a_target(tmp_path: Path) -> None:
    patch = (
        "patches:\n  - patch: |\n      apiVersion: v1\n      kind: ConfigMap\n      metadata:\n        name: other\n"
    )
    finding = failing(tmp_path, {"apps/web.yaml": WEB}, extra=patch)
    assert (finding.rule, str(finding.location)) == ("build", "clusters/prod/apps.yaml:20")


def test_the_line_in_a_patch_of_the_kustomization(tmp_path: Path) -> None:
    patch = (
        "patches:\n  - target: {kind: ConfigMap}\n    patch: |\n"
        "      - op: add\n        path: /data\n        value: {}\n"
        "      - op: remove\n        path: /data/missing\n"
    )
    finding = failing(tmp_path, {"apps/web.yaml": WEB}, extra=patch)
    assert (finding.rule, str(finding.location)) == ("build", "clusters/prod/apps.yaml:21")


def test_an_expression_that_is_none(tmp_path: Path) -> None:
    files = {"apps/web.yaml": WEB + "data:\n  a: ${A\n"}
    finding = failing(tmp_path, files, extra="postBuild:\n  substitute:\n    A: b\n")
    assert (finding.rule, finding.location.file if finding.location else None) == ("substitution", "apps/web.yaml")


def test_remote_bases_that_cannot_be_had_are_a_skip(tmp_path: Path) -> None:
    files = {
        **bootstrap("prod"),
        "clusters/prod/apps.yaml": kustomization("apps", "./apps"),
        "apps/kustomization.yaml": overlay("https://github.com/example-org/lib//base?ref=v1"),
        "alone/kustomization.yaml": overlay("https://github.com/example-org/lib//base?ref=v1"),
    }
    fleet = loaded(tmp_path, files)
    reason = (
        "skipped: it needs https://github.com/example-org/lib//base?ref=v1, and can't fetch it: it is not in the "
        "cache, and nothing is fetched: this run is offline"
    )
    assert outcomes(fleet)["prod"]["flux-system/apps"] == reason
    assert overlays(fleet) == {"alone": reason}


def test_what_flux_refuses(tmp_path: Path) -> None:
    charts = "helmCharts:\n  - name: x\n    repo: https://example.org\n"
    files = {"apps/kustomization.yaml": overlay("web.yaml") + charts, "apps/web.yaml": WEB}
    assert failing(tmp_path, files).rule == "refused"


def test_an_overlay_with_helm_charts_that_no_cluster_builds_is_a_skip(tmp_path: Path) -> None:
    charts = "helmCharts:\n  - name: x\n    repo: https://example.org\n"
    files = {**bootstrap("prod"), "lab/kustomization.yaml": overlay("web.yaml") + charts, "lab/web.yaml": WEB}
    assert [text.split(":")[0] for text in overlays(loaded(tmp_path, files)).values()] == ["skipped"]


def test_an_overlay_that_no_cluster_reaches_fails_on_its_own(tmp_path: Path) -> None:
    files = {**bootstrap("prod"), "lab/kustomization.yaml": overlay("gone.yaml")}
    fleet = loaded(tmp_path, files)
    (broken,) = fleet.overlays
    assert isinstance(broken.outcome, Failed)
    assert str(broken.outcome.findings[0].location) == "lab/kustomization.yaml:4"


def test_what_a_failed_parent_would_declare_is_said(tmp_path: Path) -> None:
    files = {
        **bootstrap("prod"),
        "clusters/prod/all.yaml": kustomization("all", "./all"),
        "all/kustomization.yaml": overlay("web.yaml", "gone.yaml"),
        "all/web.yaml": kustomization("web", "./web"),
        "web/kustomization.yaml": overlay("web.yaml"),
        "web/web.yaml": WEB,
    }
    fleet = loaded(tmp_path, files)
    assert list(outcomes(fleet)["prod"]) == ["flux-system/flux-system", "flux-system/all"]
    assert overlays(fleet) == {}
    assert fleet.notes == ("prod: flux-system/all failed, so what it makes of web (all/web.yaml:1) is not known",)


def test_a_broken_entry_fails_one_cluster(tmp_path: Path) -> None:
    files = {**bootstrap("one"), **bootstrap("two"), "clusters/one/broken.yaml": "a: b: c\n"}
    fleet = loaded(tmp_path, files)
    assert isinstance(fleet["one"]["flux-system"].outcome, Failed)
    assert fleet["two"]["flux-system"].rendered is not None
    (finding,) = fleet["one"]["flux-system"].outcome.findings
    assert str(finding.location) == "clusters/one/broken.yaml:1"


PARENT = kustomization(
    "apps",
    "./apps",
    extra="""\
patches:
    - patch: |
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: any}
        spec:
          patches:
            - patch: |
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: any}
                data:
                a: - b
              target: {kind: ConfigMap}
      target: {kind: Kustomization, name: web}
    - patch: |
        - op: add
          path: /spec/patches
          value:
            - patch: |
                - op: replace
              target: {kind: ConfigMap}
      target: {kind: Kustomization, name: shop}""",
)


def test_a_patch_that_the_parent_has_given(tmp_path: Path) -> None:
    """What is wrong with it is told where the parent has it, and not in the child, which doesn't hold it."""
    files = {
        **bootstrap("prod"),
        "clusters/prod/apps.yaml": PARENT,
        "apps/web.yaml": kustomization("web", "./web"),
        "apps/shop.yaml": kustomization("shop", "./web"),
        "web/web.yaml": WEB,
    }
    lines = PARENT.splitlines()
    cluster = loaded(tmp_path, files)["prod"]
    places = {}
    for name in ("web", "shop"):
        outcome = cluster[name].outcome
        assert isinstance(outcome, Failed), described(outcome)
        (finding,) = outcome.findings
        assert finding.location is not None
        assert finding.location.file == "clusters/prod/apps.yaml"
        assert finding.location.line is not None
        places[name] = lines[finding.location.line - 1].strip()
    assert places == {"web": "a: - b", "shop": "- op: replace"}
