"""Scenarios with Flux's real controllers: what the fixture ``live_cluster`` offers, tried on the example's staging."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_gitops.live import LiveCluster, NotAsExpectedError
from pytest_gitops.live.hermetic.programs import Programs

SETTINGS = "apps/web/overlays/staging/settings.yaml"
OVERLAY = "apps/web/overlays/staging/kustomization.yaml"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\n  namespace: web\ndata:\n  a: b\n"


@pytest.fixture
def live(staging: LiveCluster) -> LiveCluster:
    staging.reset(seconds=120)
    return staging


def add_settings(live: LiveCluster) -> None:
    live.write(SETTINGS, CONFIG)
    live.edit(OVERLAY, "resources:\n", "resources:\n  - settings.yaml\n")
    live.commit("Add settings")
    live.wait_ready("web")


def test_everything_becomes_ready_in_the_order_of_dependencies(staging: LiveCluster) -> None:
    chain = ["infra-crds", "infra-controllers", "infra-configs", "cache", "web"]

    assert staging.ready_order(*reversed(chain)) == chain


def test_the_inventory_names_what_flux_applied(live: LiveCluster) -> None:
    assert [name for name in live.inventory("web") if not name.startswith("ConfigMap/")] == [
        "Deployment/web/web",
        "Ingress/web/web",
        "Namespace/web",
        "NetworkPolicy/web/web",
        "Service/web/web",
        "ServiceAccount/web/web",
    ]


def test_what_is_removed_from_the_repository_is_pruned(live: LiveCluster) -> None:
    add_settings(live)
    assert live.get("ConfigMap/web/more") is not None

    live.write(SETTINGS, None)
    live.edit(OVERLAY, "  - settings.yaml\n", "")
    live.commit("Remove settings")
    live.wait_ready("web")

    assert live.get("ConfigMap/web/more") is None


def test_what_is_changed_behind_flux_is_restored(live: LiveCluster) -> None:
    live.change("Deployment/web/web", {"spec": {"replicas": 7}})
    live.delete("Service/web/web")

    live.reconcile("web")

    live.wait_until(lambda: live.get("Service/web/web"), "the Service is back")
    live.wait_until(lambda: live.get("Deployment/web/web")["spec"]["replicas"] == 1, "the replicas are back")


def test_a_suspended_kustomization_applies_nothing_until_it_is_resumed(live: LiveCluster) -> None:
    live.suspend("web")
    live.write(SETTINGS, CONFIG)
    live.edit(OVERLAY, "resources:\n", "resources:\n  - settings.yaml\n")
    live.commit("Add settings")
    live.wait_ready("cache")
    assert live.get("ConfigMap/web/more") is None

    live.resume("web")

    live.wait_ready("web")
    assert live.get("ConfigMap/web/more") is not None


def test_what_the_api_server_refuses_fails_with_its_words(live: LiveCluster) -> None:
    live.edit("apps/web/base/deployment.yaml", "app.kubernetes.io/name: web", "app.kubernetes.io/name: shop")
    live.commit("Rename the app")

    message = live.wait_failed("web", "ReconciliationFailed")

    assert "Deployment/web/web" in message
    assert "field is immutable" in message


def test_what_does_not_come_is_told_with_what_came_instead(live: LiveCluster) -> None:
    with pytest.raises(NotAsExpectedError) as raised:
        live.wait_failed("web", "BuildFailed", seconds=0.5)

    assert str(raised.value).startswith("flux-system/web did not fail by BuildFailed:\n  flux-system/web: True")


def test_the_users_files_stay_as_they_are(live: LiveCluster, example: Path) -> None:
    add_settings(live)

    status = subprocess.run(
        ["git", "status", "--short"], cwd=example, check=True, capture_output=True, text=True
    ).stdout
    assert status == ""


def test_the_example_s_own_exercises_pass(
    programs: Programs, example: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(example)

    result = pytester.runpytest_inprocess(
        f"--rootdir={example}", "--gitops-repo=.", "--gitops-reconcile=hermetic", "-p", "no:cacheprovider", "tests"
    )

    result.assert_outcomes(passed=3)


def test_a_live_cluster_is_asked_for(example: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(example)

    result = pytester.runpytest_inprocess(
        f"--rootdir={example}", "--gitops-repo=.", "-p", "no:cacheprovider", "-rs", "tests"
    )

    result.assert_outcomes(skipped=3)
    result.stdout.fnmatch_lines(["SKIPPED * it needs a live cluster: give --gitops-reconcile"])
