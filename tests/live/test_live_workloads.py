"""What is simulated in a hermetic cluster, and what scenarios find out about tenants, releases, alerts and more."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from fleet_files import config_map, namespace, two_clusters, write_files
from scenario_fleet import ALERT, fleet_files

from pytest_gitops import load
from pytest_gitops.live import LiveCluster, NotAsExpectedError
from pytest_gitops.live.hermetic.programs import Programs
from pytest_gitops.live.provider import Wish
from pytest_gitops.live.providers import provider
from pytest_gitops.live.scenario import followed
from pytest_gitops.model import JsonObject


@pytest.fixture(scope="module")
def live(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCluster]:
    """A live cluster; each test changes a Kustomization of its own."""
    root = write_files(tmp_path_factory.mktemp("scenarios"), fleet_files())
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    fleet = load(root)
    cluster = fleet["production"]
    live = followed(provider("hermetic").start(Wish(workloads=True, flux=True, cluster=cluster)), cluster, fleet.root)
    try:
        live.wait_ready(seconds=300)
        yield live
    finally:
        live.close()


def status(live: LiveCluster, id: str) -> JsonObject:
    found = live.get(id)
    assert found is not None
    return dict(found["status"])


# The Kustomization waits for all of these, so that they are simulated by the time it is Ready.


def test_deployments_come_up(live: LiveCluster) -> None:
    assert status(live, "Deployment/work/web")["availableReplicas"] == 2


def test_pods_find_a_node_whatever_they_ask_for(live: LiveCluster) -> None:
    assert status(live, "Deployment/work/choosy")["availableReplicas"] == 2


def test_stateful_sets_come_up_with_their_claims(live: LiveCluster) -> None:
    assert status(live, "StatefulSet/work/db")["readyReplicas"] == 2
    assert status(live, "PersistentVolumeClaim/work/data-db-1")["phase"] == "Bound"


def test_daemon_sets_come_up_on_the_node(live: LiveCluster) -> None:
    assert status(live, "DaemonSet/work/agent")["numberReady"] == 1


def test_jobs_succeed(live: LiveCluster) -> None:
    assert status(live, "Job/work/migrate")["succeeded"] == 1


def test_load_balancers_get_an_address(live: LiveCluster) -> None:
    assert status(live, "Service/work/web")["loadBalancer"]["ingress"] == [{"ip": "192.0.2.1", "ipMode": "VIP"}]


def test_claims_are_bound(live: LiveCluster) -> None:
    assert status(live, "PersistentVolumeClaim/work/data") == {
        "phase": "Bound",
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
    }


def test_custom_resources_get_the_conditions_of_the_configuration(live: LiveCluster) -> None:
    conditions = {each["type"]: each for each in status(live, "Database/work/orders")["conditions"]}

    assert {name: each["status"] for name, each in conditions.items()} == {"Available": "True", "Degraded": "False"}
    assert conditions["Available"]["reason"] == "Simulated"


def test_what_is_simulated_is_part_of_the_report(live: LiveCluster) -> None:
    assert live.run.simulated == (
        "nodes",
        "pods",
        "load balancers",
        "persistent volume claims",
        "the conditions of Database.example.com",
    )


def test_a_condition_that_a_test_writes_stays_until_the_object_changes(live: LiveCluster) -> None:
    broken = [{"type": "Available", "status": "False", "reason": "Broken", "message": "no disk"}]
    live.change("Database/work/orders", {"status": {"conditions": broken}}, status=True)
    assert status(live, "Database/work/orders")["conditions"] == broken

    live.edit("apps/workloads/database.yaml", "size: 1", "size: 2")
    live.commit("Grow")

    live.wait_until(
        lambda: any(each["status"] == "True" for each in status(live, "Database/work/orders")["conditions"]), "mended"
    )
    live.wait_ready("workloads")


def without_extra(live: LiveCluster, app: str) -> None:
    live.edit(f"apps/{app}/kustomization.yaml", "  - extra.yaml\n", "")
    live.commit("Remove extra")
    live.wait_ready(app)


def test_what_is_removed_is_pruned(live: LiveCluster) -> None:
    without_extra(live, "pruned")

    live.wait_gone("ConfigMap/pruned/extra")
    assert live.inventory("pruned") == ["ConfigMap/pruned/pruned"]


def test_what_is_removed_stays_without_prune(live: LiveCluster) -> None:
    without_extra(live, "kept")

    assert live.inventory("kept") == ["ConfigMap/kept/kept"]
    assert live.get("ConfigMap/kept/extra") is not None


def test_drift_is_restored(live: LiveCluster) -> None:
    live.change("ConfigMap/pruned/pruned", {"data": {"a": "c"}})
    live.reconcile("pruned")
    assert live.wait_restored("ConfigMap/pruned/pruned")["data"] == {"a": "b"}

    assert live.delete("ConfigMap/pruned/pruned")
    live.reconcile("pruned")
    assert live.wait_restored("ConfigMap/pruned/pruned")["data"] == {"a": "b"}


def test_only_what_was_changed_can_be_restored(live: LiveCluster) -> None:
    with pytest.raises(ValueError, match="ConfigMap/kept/kept was neither changed nor deleted by this test"):
        live.wait_restored("ConfigMap/kept/kept")


def test_a_tenant_can_apply_no_more_than_its_account(live: LiveCluster) -> None:
    live.write("apps/tenant/a.yaml", config_map("tenant", a="c"))
    live.commit("Change what it may")
    live.wait_ready("tenant")
    assert live.get("ConfigMap/tenant/tenant")["data"] == {"a": "c"}

    live.edit("apps/tenant/a.yaml", "ConfigMap", "Secret")
    live.edit("apps/tenant/a.yaml", "\ndata:", "\nstringData:")
    live.commit("Change what it may not")

    message = live.wait_failed("tenant", "ReconciliationFailed")
    assert "Secret/tenant/tenant" in message
    assert 'User "system:serviceaccount:flux-system:tenant" cannot' in message


def test_a_target_namespace_takes_all_that_names_none(live: LiveCluster) -> None:
    assert live.inventory("targeted") == ["ConfigMap/one/x"]

    live.edit("clusters/production/targeted.yaml", "targetNamespace: one", "targetNamespace: none")
    live.commit("Go where nothing is")

    assert 'namespaces "none" not found' in live.wait_failed("targeted", "ReconciliationFailed")


def test_what_is_immutable_is_made_anew_by_force(live: LiveCluster) -> None:
    before = live.get("Job/forced/migrate")["metadata"]["uid"]
    live.edit("apps/forced/job.yaml", "migrate:1.0.0", "migrate:1.1.0")
    live.commit("Upgrade the migration")
    assert "field is immutable" in live.wait_failed("forced", "ReconciliationFailed")

    live.edit("clusters/production/forced.yaml", "prune: true", "prune: true\n  force: true")
    live.commit("Force it")

    live.wait_ready("forced")
    assert live.get("Job/forced/migrate")["metadata"]["uid"] != before


def test_an_upgrade_that_fails_recovers(live: LiveCluster) -> None:
    assert status(live, "Deployment/released/app")["availableReplicas"] == 1
    live.edit("apps/released/release.yaml", "replicas: 1", "replicas: -1")
    live.commit("Break the upgrade")

    message = live.wait_failed("HelmRelease/released/app", "UpgradeFailed")

    assert "spec.replicas: Invalid value: -1" in message
    assert any(event.startswith("UpgradeFailed: ") for event in live.events("HelmRelease/released/app"))
    live.edit("apps/released/release.yaml", "replicas: -1", "replicas: 2")
    live.commit("Mend it")
    live.wait_ready("HelmRelease/released/app")
    assert live.conditions("HelmRelease/released/app")["Released"]["reason"] == "UpgradeSucceeded"
    assert live.get("Deployment/released/app")["spec"]["replicas"] == 2


def test_a_release_is_upgraded_by_force_alone(live: LiveCluster) -> None:
    def revision() -> int:
        return int(live.get("HelmRelease/released/app")["status"]["history"][0]["version"])

    before = revision()

    live.reconcile("HelmRelease/released/app", force=True)

    live.wait_until(lambda: revision() > before, "it is upgraded")
    with pytest.raises(ValueError, match="kept is no HelmRelease"):
        live.reconcile("kept", force=True)


def test_an_alert_reaches_a_local_receiver(live: LiveCluster) -> None:
    with live.receiver() as receiver:
        live.write("clusters/production/alert.yaml", ALERT.format(url=receiver.url))
        live.commit("Add an alert")
        live.wait_ready("flux-system")
        live.wait_until(lambda: live.get("Alert/flux-system/kept"), "the Alert is there")

        live.write("apps/kept/a.yaml", config_map("kept", a="changed"))
        live.commit("Change something")
        event = receiver.wait(lambda event: "ConfigMap/kept/kept configured" in event["message"])

        assert event["involvedObject"]["name"] == "kept"
        assert event["severity"] == "info"
        with pytest.raises(AssertionError, match="no such event within 0 s; there were: "):
            receiver.wait(lambda event: event["severity"] == "error", seconds=0.1)


def test_what_waits_in_vain_tells_the_state(live: LiveCluster) -> None:
    with pytest.raises(NotAsExpectedError) as raised:
        live.wait_gone("ConfigMap/kept/kept", seconds=0.2)

    assert str(raised.value).startswith("ConfigMap/kept/kept is gone: not after 0 s\n  flux-system/")


BOTH = """
def test_each_follows_its_own_entry(live_clusters):
    production, staging = live_clusters("production"), live_clusters("staging")
    production.write("apps/production/kustomization.yaml", "resources: [../base]\\nnameSuffix: -other\\n")
    production.commit("Rename production's")

    production.wait_ready("apps")

    assert production.get("ConfigMap/web/web-other") is not None
    assert production.get("ConfigMap/web/web-production") is None
    assert staging.get("ConfigMap/web/web-staging") is not None
    assert staging.get("ConfigMap/web/web-other") is None


def test_a_wrong_name_is_told(live_clusters):
    live_clusters("stagin")


def test_a_failure_tells_the_time_line(live_clusters):
    production = live_clusters("production")
    production.reconcile("apps")
    production.write("apps/production/kustomization.yaml", "kind: none\\n")
    production.commit("Break it")
    production.wait_failed("apps", "BuildFailed")
    raise AssertionError("here")
"""


def test_two_clusters_of_one_repository_at_once(programs: Programs, pytester: pytest.Pytester) -> None:
    files = two_clusters()
    for name in ("production", "staging"):
        files[f"clusters/{name}/namespace.yaml"] = namespace("web")
    write_files(pytester.path, files)
    subprocess.run(["git", "init", "-q"], cwd=pytester.path, check=True)
    path = pytester.makepyfile(BOTH)

    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-reconcile=hermetic", path)

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["there is no cluster 'stagin'; there are: production, staging"])
    result.stdout.fnmatch_lines(
        ["-*- live cluster production -*-", "* s  flux-system/apps: not ready, BuildFailed: kustomize build failed: *"]
    )
