"""What only running Flux controllers can tell; each test changes the repository in commits of its own.

pytest --gitops-repo . tests --gitops-reconcile
"""

import pytest

pytestmark = pytest.mark.gitops(cluster="staging")

IMAGE = "ghcr.io/stefanprodan/podinfo"
DEPLOYMENT = "apps/web/base/deployment.yaml"


def test_a_broken_image_keeps_the_app_unready_until_it_is_mended(live_cluster):
    live_cluster.break_image(f"{IMAGE}:6.9.9")
    live_cluster.edit(DEPLOYMENT, f"{IMAGE}:6.9.0", f"{IMAGE}:6.9.9")
    live_cluster.commit("Upgrade podinfo")

    message = live_cluster.wait_failed("web", "HealthCheckFailed")

    assert "Deployment/web/web" in message
    live_cluster.edit(DEPLOYMENT, f"{IMAGE}:6.9.9", f"{IMAGE}:6.9.0")
    live_cluster.commit("Go back")
    live_cluster.wait_ready("web")


def test_what_depends_on_broken_infrastructure_waits_and_recovers_in_order(live_cluster):
    live_cluster.edit("infrastructure/configs/kustomization.yaml", "kind: Kustomization", "kind: Kustomisation")
    live_cluster.commit("Break the infrastructure")

    live_cluster.wait_failed("infra-configs", "BuildFailed")

    live_cluster.wait_failed("cache", "DependencyNotReady")
    live_cluster.wait_failed("web", "DependencyNotReady")
    broken = live_cluster.timeline[-1].seconds
    live_cluster.edit("infrastructure/configs/kustomization.yaml", "kind: Kustomisation", "kind: Kustomization")
    live_cluster.commit("Mend it")
    live_cluster.wait_ready("web")
    chain = ["infra-configs", "cache", "web"]
    assert live_cluster.ready_order(*reversed(chain), since=broken) == chain


def test_what_differs_between_clusters_is_substituted(live_cluster):
    live_cluster.edit("clusters/staging/cluster-vars.yaml", 'replicas: "1"', 'replicas: "2"')
    live_cluster.edit("clusters/staging/cluster-vars.yaml", "cluster_env: staging", "cluster_env: rehearsal")
    live_cluster.commit("Scale out")

    live_cluster.wait_ready()

    web = live_cluster.get("Deployment/web/web")
    assert web["spec"]["replicas"] == 2
    assert live_cluster.get("ConfigMap/flux-system/cluster-vars")["data"]["cluster_env"] == "rehearsal"
