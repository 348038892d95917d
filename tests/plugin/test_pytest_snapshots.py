"""``--gitops-snapshot``: what is written, what differs, and what becomes of files that nothing needs any more."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fleet_files import config_map, kustomization, overlay, source, write_files
from running import PRODUCTION, STAGING, collected, outcomes

Snapshot = Callable[..., pytest.RunResult]

FOLDER = "gitops-snapshots"
HEADER = "# What this renders to, without secrets and noise. Made by pytest-gitops: --snapshot-update writes it anew.\n"
MATRIX = (
    "# What differs between variants of one thing; what all have in common is left out. Made by pytest-gitops:\n"
    "# --snapshot-update writes it anew.\n"
)
APPS = f"""\
{HEADER}---
apiVersion: v1
kind: ConfigMap
metadata:
  name: web-production
  namespace: web
data:
  greeting: hello
"""
ENTRY = f"""\
{HEADER}---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m0s
  ref:
    branch: main
  url: https://github.com/example-org/fleet-infra
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 10m0s
  path: ./apps/production
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 10m0s
  path: ./clusters/production
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
---
apiVersion: v1
kind: Namespace
metadata:
  name: flux-system
  labels:
    app.kubernetes.io/part-of: flux
    app.kubernetes.io/version: <any>
"""
VARIANTS = f"""\
{MATRIX}---
variants:
- production
- staging
---
Kustomization/flux-system/apps:
  spec.path:
    production: ./apps/production
    staging: ./apps/staging
Kustomization/flux-system/flux-system:
  spec.path:
    production: ./clusters/production
    staging: ./clusters/staging
"""
FILES = [
    "clusters/production/flux-system/apps.yaml",
    "clusters/production/flux-system/flux-system.yaml",
    "clusters/staging/flux-system/apps.yaml",
    "clusters/staging/flux-system/flux-system.yaml",
    "overlays/apps/canary.yaml",
    "variants/clusters/flux-system/apps.yaml",
    "variants/clusters/flux-system/flux-system.yaml",
]
OLD = "clusters/staging/flux-system/apps"


@pytest.fixture(params=[(), ("-n2",)], ids=["alone", "xdist"])
def snapshot(request: pytest.FixtureRequest, pytester: pytest.Pytester) -> Snapshot:
    """Run nothing but snapshots on the repository in the current directory, alone and with workers."""

    def run_pytest(*args: str, check: str = "snapshot") -> pytest.RunResult:
        return pytester.runpytest_inprocess("--gitops-repo=.", f"--gitops-check={check}", *request.param, *args)

    return run_pytest


@pytest.fixture
def kept(healthy: Path, pytester: pytest.Pytester) -> Path:
    """A healthy repository with all its snapshots."""
    pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=snapshot", "--snapshot-update", "-q")
    assert snapshots(healthy) == FILES
    return healthy


def snapshots(root: Path) -> list[str]:
    """Return the files in the snapshots' folder."""
    return sorted(p.relative_to(root / FOLDER).as_posix() for p in (root / FOLDER).rglob("*") if p.is_file())


def summary(result: pytest.RunResult) -> list[str]:
    """Return the lines of syrupy's own report."""
    lines = result.outlines
    start = next(number for number, line in enumerate(lines) if "snapshot report summary" in line) + 1
    end = next(number for number, line in enumerate(lines[start:], start) if line.startswith("==="))
    return [line for line in lines[start:end] if line]


def failure(result: pytest.RunResult, title: str) -> list[str]:
    """Return what a failed item says."""
    lines = result.outlines
    start = next(number for number, line in enumerate(lines) if line.strip("_ ") == title) + 1
    end = next(number for number, line in enumerate(lines[start:], start) if line[:3] in ("___", "---", "==="))
    return [line for line in lines[start:end] if not line.startswith("[gw")]


def read(root: Path, name: str) -> str:
    return (root / FOLDER / name).read_text(encoding="utf-8")


def test_no_snapshot_unless_asked_for(healthy: Path, pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--collect-only", "-q")
    assert not [id for id in collected(result) if "snapshot" in id]
    assert not (healthy / FOLDER).exists()


def test_a_run_without_snapshots_needs_no_syrupy(healthy: Path, pytester: pytest.Pytester) -> None:
    script = """
import sys
import pytest

code = pytest.main(["-q", "--gitops-repo=.", "--gitops-check=schema", "-W", "ignore", "-p", "no:syrupy"])
assert code == pytest.ExitCode.OK, code
found = [name for name in sys.modules if name.startswith(("syrupy", "pytest_gitops.snapshots.items"))]
assert found == [], found
"""
    result = pytester.run(sys.executable, "-c", script)
    assert (result.ret, result.errlines) == (0, [])


@pytest.mark.parametrize(
    ("arguments", "ini", "checks"),
    [
        (["--gitops-check=snapshot"], "", {"snapshot"}),
        (["--gitops-check=build", "--gitops-check=snapshot"], "", {"build", "snapshot"}),
        (["--gitops-check=build", "--gitops-snapshot"], "", {"build", "snapshot"}),
        (["--gitops-snapshot"], "", {"build", "schema", "references", "policy", "graph", "snapshot"}),
        ([], "true", {"build", "schema", "references", "policy", "graph", "snapshot"}),
        (["--gitops-check=build"], "true", {"build"}),
    ],
)
def test_what_is_collected(
    healthy: Path, pytester: pytest.Pytester, arguments: list[str], ini: str, checks: set[str]
) -> None:
    if ini:
        pytester.makeini(f"[pytest]\ngitops_snapshot = {ini}\n")
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--collect-only", "-q", *arguments)
    assert {id.rpartition("::")[2] for id in collected(result)} == checks


def test_each_part_has_a_snapshot(healthy: Path, pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=snapshot", "--collect-only", "-q")
    assert collected(result) == [
        "apps/canary/kustomization.yaml::apps/canary::snapshot",
        f"{PRODUCTION}::flux-system/flux-system::snapshot",
        f"{PRODUCTION}::flux-system/apps::snapshot",
        "clusters/production/flux-system/gotk-sync.yaml::variants::flux-system/apps::snapshot",
        "clusters/production/flux-system/gotk-sync.yaml::variants::flux-system/flux-system::snapshot",
        f"{STAGING}::flux-system/flux-system::snapshot",
        f"{STAGING}::flux-system/apps::snapshot",
    ]


def test_a_missing_snapshot_is_told(healthy: Path, snapshot: Snapshot) -> None:
    result = snapshot()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert failure(result, "production / flux-system/apps: snapshot") == [
        (
            "clusters/production/apps.yaml:1: there is no snapshot "
            "gitops-snapshots/clusters/production/flux-system/apps.yaml yet"
        ),
        "  remedy: --snapshot-update writes it",
    ]
    assert summary(result) == ["7 snapshots failed."]
    assert not (healthy / FOLDER).exists()


def test_update_writes_files_for_review(healthy: Path, snapshot: Snapshot) -> None:
    result = snapshot("--snapshot-update")
    assert result.ret == pytest.ExitCode.OK
    assert summary(result) == ["7 snapshots generated."]
    assert snapshots(healthy) == FILES
    assert read(healthy, "clusters/production/flux-system/apps.yaml") == APPS
    assert read(healthy, "clusters/production/flux-system/flux-system.yaml") == ENTRY
    assert read(healthy, "variants/clusters/flux-system/flux-system.yaml") == VARIANTS


def test_what_is_as_it_was_passes_and_is_not_found_as_a_cluster(kept: Path, snapshot: Snapshot) -> None:
    result = snapshot("-v", check="build")
    assert len(outcomes(result)) == 5
    result = snapshot()
    assert result.ret == pytest.ExitCode.OK
    assert summary(result) == ["7 snapshots passed."]


def test_a_difference_is_told_by_object(kept: Path, snapshot: Snapshot) -> None:
    write_files(kept, {"apps/base/config.yaml": config_map("web", greeting="bye", hour="'12'")})
    result = snapshot("--snapshot-no-colors")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert failure(result, "production / flux-system/apps: snapshot") == [
        (
            "clusters/production/apps.yaml:1: it is not what the snapshot "
            "gitops-snapshots/clusters/production/flux-system/apps.yaml says"
        ),
        "  ConfigMap/web/web-production",
        "      namespace: web",
        "    data:",
        "  -   greeting: hello",
        "  +   greeting: bye",
        "  +   hour: '12'",
        "  remedy: if this is meant, --snapshot-update writes it anew",
    ]
    assert summary(result) == ["3 snapshots failed. 4 snapshots passed."]


def test_update_takes_over_a_difference(kept: Path, snapshot: Snapshot) -> None:
    write_files(kept, {"apps/base/config.yaml": config_map("web", greeting="bye")})
    result = snapshot("--snapshot-update", "--snapshot-details")
    assert result.ret == pytest.ExitCode.OK
    assert summary(result)[0] == "4 snapshots passed. 3 snapshots updated."
    assert read(kept, "clusters/production/flux-system/apps.yaml") == APPS.replace("hello", "bye")


def test_update_new_only_leaves_a_difference(kept: Path, snapshot: Snapshot) -> None:
    write_files(kept, {"apps/base/config.yaml": config_map("web", greeting="bye")})
    (kept / FOLDER / "overlays/apps/canary.yaml").unlink()
    result = snapshot("--snapshot-update-new-only")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert summary(result) == ["2 snapshots failed. 4 snapshots passed. 1 snapshot generated."]
    assert read(kept, "clusters/production/flux-system/apps.yaml") == APPS


def without_staging_apps(root: Path) -> None:
    (root / "clusters/staging/apps.yaml").unlink()


def test_an_unused_snapshot_fails_the_run(kept: Path, snapshot: Snapshot) -> None:
    without_staging_apps(kept)
    result = snapshot("--snapshot-details", "-k", "snapshot")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert f"Unused {OLD}.snapshot ({FOLDER}/{OLD}.yaml)" in summary(result)
    assert snapshots(kept) == FILES


def test_unused_snapshots_can_be_a_warning(kept: Path, snapshot: Snapshot) -> None:
    without_staging_apps(kept)
    snapshot("--snapshot-update", "--snapshot-no-cleanup")
    result = snapshot("--snapshot-warn-unused")
    assert result.ret == pytest.ExitCode.OK
    assert summary(result)[0].endswith("2 snapshots unused.")
    assert snapshot("--snapshot-disable-unused").ret == pytest.ExitCode.OK
    assert OLD + ".yaml" in snapshots(kept)


def test_update_deletes_unused_snapshots(kept: Path, snapshot: Snapshot) -> None:
    without_staging_apps(kept)
    write_files(kept, {f"{FOLDER}/notes.yaml": "mine: true\n", f"{FOLDER}/README.md": "mine\n"})
    result = snapshot("--snapshot-update")
    assert result.ret == pytest.ExitCode.OK
    gone = {f"{OLD}.yaml", "variants/clusters/flux-system/apps.yaml"}
    assert {f"Deleted {name.removesuffix('.yaml')}.snapshot ({FOLDER}/{name})" for name in gone} <= set(summary(result))
    # An overlay that no cluster reaches any more has a snapshot of its own now.
    new = {"overlays/apps/staging.yaml", "variants/overlays/apps/base.yaml", "notes.yaml", "README.md"}
    assert snapshots(kept) == sorted(({*FILES} - gone) | new)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "production"),
        ("-k", "snapshot and not canary"),
        ("-m", "gitops(cluster='production')"),
        ("--gitops-cluster=production",),
        (f"{PRODUCTION}::flux-system/apps::snapshot",),
        ("clusters/production",),
        ("--deselect", f"{PRODUCTION}::flux-system/apps::snapshot"),
    ],
)
def test_a_part_of_the_run_deletes_nothing(kept: Path, snapshot: Snapshot, arguments: tuple[str, ...]) -> None:
    without_staging_apps(kept)
    result = snapshot("--snapshot-update", *arguments)
    assert result.ret == pytest.ExitCode.OK
    assert not [line for line in summary(result) if "unused" in line or "Deleted" in line]
    assert set(FILES) <= set(snapshots(kept))


def test_a_cluster_alone_deletes_its_own(kept: Path, snapshot: Snapshot) -> None:
    without_staging_apps(kept)
    result = snapshot("--snapshot-update", "--gitops-cluster=staging")
    assert result.ret == pytest.ExitCode.OK
    assert snapshots(kept) == sorted({*FILES} - {f"{OLD}.yaml"})


def test_last_failed_reruns_what_failed(kept: Path, snapshot: Snapshot) -> None:
    write_files(kept, {"apps/production/kustomization.yaml": overlay("../base", suffix="-live")})
    assert snapshot().ret == pytest.ExitCode.TESTS_FAILED
    without_staging_apps(kept)
    result = snapshot("--lf", "--snapshot-update", f"{PRODUCTION}::flux-system/apps")
    assert result.ret == pytest.ExitCode.OK
    assert summary(result) == ["1 snapshot updated."]
    assert snapshots(kept) == FILES


def test_a_skipped_or_failed_part_keeps_its_snapshot(kept: Path, snapshot: Snapshot) -> None:
    far = source("far", "https://github.com/example-org/far") + "---\n" + kustomization("apps", "./x", "far")
    write_files(kept, {"clusters/staging/apps.yaml": far, "apps/production/kustomization.yaml": overlay("absent.yaml")})
    result = snapshot("--snapshot-update", "-v")
    found = {id: word for id, word in outcomes(result).items() if "::flux-system/apps::" in id}
    assert found == {
        f"{PRODUCTION}::flux-system/apps::snapshot": "SKIPPED",
        f"{STAGING}::flux-system/apps::snapshot": "SKIPPED",
        "clusters/production/flux-system/gotk-sync.yaml::variants::flux-system/apps::snapshot": "SKIPPED",
    }
    assert set(FILES) <= set(snapshots(kept))
    assert read(kept, "clusters/production/flux-system/apps.yaml") == APPS
    assert not [line for line in summary(result) if "unused" in line]


def test_a_file_that_is_no_snapshot_is_left_alone(healthy: Path, snapshot: Snapshot) -> None:
    write_files(healthy, {f"{FOLDER}/overlays/apps/canary.yaml": "mine: true\n"})
    result = snapshot("--snapshot-update")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert failure(result, "overlay apps/canary: snapshot") == [
        (
            "apps/canary/kustomization.yaml:1: gitops-snapshots/overlays/apps/canary.yaml is no snapshot; move it "
            "away, or name another folder in .pytest-gitops.yaml"
        )
    ]
    assert read(healthy, "overlays/apps/canary.yaml") == "mine: true\n"


def test_a_file_that_cannot_be_used_is_told(healthy: Path, snapshot: Snapshot) -> None:
    write_files(healthy, {f"{FOLDER}/overlays": ""})
    (healthy / FOLDER / "clusters/staging/flux-system").mkdir(parents=True)
    (healthy / FOLDER / f"{OLD}.yaml").write_bytes(HEADER.encode() + b"\xff")
    result = snapshot("--snapshot-update")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    canary = failure(result, "overlay apps/canary: snapshot")
    told = "apps/canary/kustomization.yaml:1: the snapshot gitops-snapshots/overlays/apps/canary.yaml can't be used: "
    assert [line.partition("[Errno ")[0] for line in canary] == [told]
    assert failure(result, "staging / flux-system/apps: snapshot") == [
        (
            "clusters/staging/apps.yaml:1: the snapshot gitops-snapshots/clusters/staging/flux-system/apps.yaml can't "
            "be used: 'utf-8' codec can't decode byte 0xff in position 108: invalid start byte"
        )
    ]


def test_no_link_is_followed_out_of_the_repository(
    healthy: Path, snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (healthy / FOLDER).symlink_to(elsewhere)
    result = snapshot("--snapshot-update")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert failure(result, "overlay apps/canary: snapshot") == [
        (
            "apps/canary/kustomization.yaml:1: gitops-snapshots/overlays/apps/canary.yaml is, or lies behind, a "
            "symbolic link; snapshots are regular files of the repository"
        )
    ]
    assert list(elsewhere.iterdir()) == []


def test_renaming_a_kustomization_is_a_rename(kept: Path, snapshot: Snapshot) -> None:
    write_files(kept, {"clusters/production/apps.yaml": kustomization("shop", "./apps/production")})
    assert snapshot("--snapshot-update").ret == pytest.ExitCode.OK
    assert "clusters/production/flux-system/apps.yaml" not in snapshots(kept)
    assert read(kept, "clusters/production/flux-system/shop.yaml") == APPS


def test_moving_an_object_between_files_changes_nothing(kept: Path, snapshot: Snapshot) -> None:
    both = config_map("web", greeting="hello") + "---\n" + config_map("shop", open="daily")
    write_files(kept, {"apps/base/config.yaml": both})
    assert snapshot("--snapshot-update").ret == pytest.ExitCode.OK
    write_files(
        kept,
        {
            "apps/base/kustomization.yaml": overlay("shop.yaml", "config.yaml"),
            "apps/base/config.yaml": config_map("web", greeting="hello"),
            "apps/base/shop.yaml": config_map("shop", open="daily"),
        },
    )
    result = snapshot()
    assert result.ret == pytest.ExitCode.OK
    assert summary(result) == ["7 snapshots passed."]


def test_the_folder_is_configured(healthy: Path, snapshot: Snapshot) -> None:
    write_files(healthy, {".pytest-gitops.yaml": "snapshots:\n  folder: review/rendered\n  variants: false\n"})
    assert snapshot("--snapshot-update").ret == pytest.ExitCode.OK
    written = (healthy / "review/rendered").rglob("*.yaml")
    assert sorted(path.relative_to(healthy / "review/rendered").as_posix() for path in written) == FILES[:5]
    assert snapshot().ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        (
            "tests/__snapshots__",
            (
                "snapshots.folder: tests/__snapshots__: syrupy takes what lies in __snapshots__ for snapshots of test "
                "functions, and deletes what it doesn't know there; name another folder"
            ),
        ),
        (
            "clusters/staging/rendered",
            (
                "snapshots.folder: clusters/staging/rendered lies in what cluster staging applies: Kustomization "
                "flux-system/flux-system (clusters/staging/flux-system/gotk-sync.yaml:12) applies all files below "
                "./clusters/staging, which has no kustomization.yaml. Name another folder in .pytest-gitops.yaml, or "
                "write clusters/staging/rendered/ into .sourceignore"
            ),
        ),
    ],
)
def test_a_folder_that_cannot_hold_snapshots(
    healthy: Path, pytester: pytest.Pytester, folder: str, message: str
) -> None:
    write_files(healthy, {".pytest-gitops.yaml": f"snapshots:\n  folder: {folder}\n"})
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=snapshot")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {message}" in result.errlines


def test_a_folder_that_flux_does_not_see_can_lie_anywhere(healthy: Path, snapshot: Snapshot) -> None:
    folder = "clusters/staging/rendered"
    write_files(healthy, {".pytest-gitops.yaml": f"snapshots:\n  folder: {folder}\n", ".sourceignore": f"{folder}/\n"})
    assert snapshot("--snapshot-update").ret == pytest.ExitCode.OK
    assert snapshot().ret == pytest.ExitCode.OK


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("plugin", "needs"),
    [
        ("syrupy", 'syrupy: pip install "pytest-gitops[snapshot]", and leave out -p no:syrupy'),
        ("python", "pytest's own plugin python: leave out -p no:python"),
    ],
)
def test_without_what_compares_there_is_an_error(pytester: pytest.Pytester, plugin: str, needs: str) -> None:
    result = pytester.runpytest_subprocess("--gitops-repo=.", "--gitops-snapshot", "-p", f"no:{plugin}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0] == f"ERROR: --gitops-snapshot needs {needs}"


def test_snapshots_of_other_extensions_live_side_by_side(kept: Path, snapshot: Snapshot) -> None:
    write_files(kept, {"test_own.py": "def test_own(snapshot):\n    assert 1 == snapshot\n"})
    assert snapshot("--snapshot-update").ret == pytest.ExitCode.OK
    assert (kept / "__snapshots__/test_own.ambr").is_file()
    without_staging_apps(kept)
    write_files(kept, {"test_own.py": "def test_own():\n    pass\n"})
    result = snapshot("--snapshot-update")
    assert result.ret == pytest.ExitCode.OK
    assert not (kept / "__snapshots__/test_own.ambr").exists()
    assert f"{OLD}.yaml" not in snapshots(kept)
    assert "clusters/production/flux-system/apps.yaml" in snapshots(kept)
    # Where no snapshot of ours is compared, nothing of ours is looked at.
    before = snapshots(kept)
    write_files(kept, {"test_own.py": "def test_own(snapshot):\n    assert 1 == snapshot\n"})
    snapshot("--snapshot-update", check="build")
    assert snapshots(kept) == before


CHART = {
    "charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.2.3\nappVersion: 4.5.6\n",
    "charts/app/values.yaml": "greeting: hello\n",
    "charts/app/templates/config.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels:
    helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
  annotations:
    checksum/secret: {{ randAlphaNum 8 | sha256sum }}
data:
  greeting: {{ .Values.greeting }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}
stringData:
  password: {{ randAlphaNum 24 }}
""",
    "charts/app/templates/hook.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: hook
  annotations:
    helm.sh/hook: pre-upgrade
""",
}
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 10m
  chart:
    spec:
      chart: ./charts/app
      sourceRef:
        kind: GitRepository
        name: flux-system
  values:
    greeting: CLUSTER
"""
RENDERED = f"""\
{HEADER}---
apiVersion: v1
kind: ConfigMap
metadata:
  name: apps
  namespace: flux-system
  annotations:
    checksum/secret: <any>
  labels:
    helm.sh/chart: <any>
data:
  greeting: staging
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: hook
  namespace: flux-system
  annotations:
    helm.sh/hook: pre-upgrade
---
apiVersion: v1
kind: Secret
metadata:
  name: apps
  namespace: flux-system
stringData:
  password: <redacted>
"""
GREETINGS = f"""\
{MATRIX}---
variants:
- production
- staging
---
ConfigMap/flux-system/apps:
  data.greeting:
    production: production
    staging: staging
"""


def test_helm_releases_have_snapshots(healthy: Path, snapshot: Snapshot) -> None:
    releases = {f"clusters/{name}/release.yaml": RELEASE.replace("CLUSTER", name) for name in ("production", "staging")}
    write_files(healthy, CHART | releases)
    assert snapshot("--snapshot-update").ret == pytest.ExitCode.OK
    release = "flux-system/apps.helmrelease.yaml"
    added = [f"clusters/production/{release}", f"clusters/staging/{release}", f"variants/clusters/{release}"]
    assert snapshots(healthy) == sorted([*FILES, *added])
    assert read(healthy, added[1]) == RENDERED
    assert read(healthy, added[2]) == GREETINGS
    result = snapshot("--gitops-no-cache")
    assert result.ret == pytest.ExitCode.OK
    assert summary(result) == ["10 snapshots passed."]
