"""What every provider of clusters promises, tried on each of them for real."""

from __future__ import annotations

import base64
import ipaddress
import os
import pickle
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fleet_files import bootstrap, kustomization, namespace, overlay, write_files
from kind_clusters import STAND_IN

from pytest_gitops import load
from pytest_gitops.exceptions import LiveError
from pytest_gitops.live import LiveCluster, controllers
from pytest_gitops.live.api import Api, Kind
from pytest_gitops.live.git_server import GitServer
from pytest_gitops.live.provider import Running, Wish
from pytest_gitops.live.providers import PROVIDERS, provider
from pytest_gitops.live.scenario import followed
from pytest_gitops.live.waiting import until
from pytest_gitops.live_options import LiveOptions
from pytest_gitops.model import Fleet

DEPLOYMENT = f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: web
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: {STAND_IN}
          readinessProbe:
            httpGet:
              port: 8080
"""
# As gotk-components.yaml of an older Flux would have it.
OLD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: buckets.source.toolkit.fluxcd.io
spec:
  group: source.toolkit.fluxcd.io
  names:
    kind: Bucket
    plural: buckets
  scope: Namespaced
  versions:
    - name: v1beta2
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
"""
FILE = "apps/web/deployment.yaml"
CONFIG_MAPS = Kind("v1", "ConfigMap", "configmaps", True)
DEPLOYMENTS = Kind("apps/v1", "Deployment", "deployments", True)
SAID = {"hermetic": "hermetic cluster (", "kind": "kind cluster gitops-kind-", "existing": "cluster of your own, "}
STARTER = """
import base64, pickle, sys, time
from pytest_gitops.live.api import Api
from pytest_gitops.live.provider import Wish
from pytest_gitops.live.providers import provider
options = pickle.loads(base64.b64decode(sys.argv[1]))
running = provider(options).start(Wish("demo"))
print(Api(running.kubeconfig, running.context).client.configuration.host, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module", params=["hermetic", pytest.param("kind", marks=pytest.mark.kind), "existing"])
def options(request: pytest.FixtureRequest) -> LiveOptions:
    """What each provider is told."""
    chosen: LiveOptions = request.getfixturevalue(f"{request.param}_options")
    return chosen


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """A fleet of one cluster, ``demo``, that runs one Deployment."""
    root = write_files(
        tmp_path_factory.mktemp("contract") / "fleet",
        {
            **bootstrap("demo"),
            "clusters/demo/web.yaml": kustomization("web", "./apps/web", extra="wait: true\ntimeout: 2m"),
            "clusters/demo/flux-system/kustomization.yaml": overlay(
                "gotk-components.yaml", "gotk-sync.yaml", "old.yaml"
            ),
            "clusters/demo/flux-system/old.yaml": OLD,
            "apps/web/kustomization.yaml": overlay("namespace.yaml", "deployment.yaml"),
            "apps/web/namespace.yaml": namespace("web"),
            FILE: DEPLOYMENT,
        },
    )
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return load(root)


@pytest.fixture(scope="module")
def running(options: LiveOptions, fleet: Fleet) -> Iterator[Running]:
    """A cluster of the provider, as much of one as it gives."""
    flux = options.provider != "existing"
    with closing(provider(options).start(Wish("demo", workloads=flux, flux=flux, cluster=fleet["demo"]))) as started:
        yield started


@pytest.fixture(scope="module")
def live(running: Running, fleet: Fleet) -> Iterator[LiveCluster]:
    """The cluster, with a Flux in it that follows the fleet."""
    if running.is_only_asked:
        pytest.skip("this provider's clusters are only asked")
    with closing(followed(running, fleet["demo"], fleet.root)) as cluster:
        cluster.wait_ready(seconds=180)
        yield cluster


@pytest.fixture
def reset(live: LiveCluster) -> LiveCluster:
    live.reset(seconds=180)
    return live


def api_of(running: Running) -> Api:
    return Api(running.kubeconfig, running.context, only_asks=running.is_only_asked)


def answers(api: Api) -> bool:
    try:
        return bool(api.request("GET", "/version", seconds=5))
    except LiveError:
        return False


def test_every_provider_is_held_to_it() -> None:
    assert set(PROVIDERS) == {"hermetic", "kind", "existing"}


def test_it_answers_and_says_what_it_is(running: Running, options: LiveOptions) -> None:
    version = api_of(running).version

    assert version.startswith("v1.")
    assert running.description.startswith(SAID[options.provider])
    assert version.removeprefix("v") in running.description


def test_what_is_made_for_a_run_is_the_run_s_own(running: Running, options: LiveOptions) -> None:
    assert running.owned == (options.provider != "existing")
    assert running.is_only_asked == (not running.owned)
    if running.owned:
        assert stat.S_IMODE(running.kubeconfig.stat().st_mode) == 0o600
        assert stat.S_IMODE(running.kubeconfig.parent.stat().st_mode) == 0o700


def test_it_says_what_is_not_real_in_it(running: Running, options: LiveOptions) -> None:
    assert bool(running.simulated) == (options.provider == "hermetic")


def test_what_is_served_to_it_is_served_to_nobody_further_away(running: Running, tmp_path: Path) -> None:
    with closing(GitServer({"empty": tmp_path}, running.host)) as server:
        address = ipaddress.ip_address(server.address)

    assert address.is_private
    assert not address.is_unspecified


def test_its_flux_follows_the_working_tree(reset: LiveCluster) -> None:
    reset.edit(FILE, "replicas: 1", "replicas: 2")
    reset.commit("Scale out")

    reset.wait_ready("web", seconds=90)

    deployment = reset.get("Deployment/web/web")
    assert deployment is not None
    assert (deployment["spec"]["replicas"], deployment["status"]["readyReplicas"]) == (2, 2)


def test_the_repository_s_own_flux_does_not_take_the_place_of_the_one_that_runs(live: LiveCluster) -> None:
    definition = "CustomResourceDefinition/buckets.source.toolkit.fluxcd.io"
    assert definition in live.inventory("flux-system")

    obj = live.get(definition)

    assert obj is not None
    assert "v1" in [version["name"] for version in obj["spec"]["versions"]]


@pytest.mark.parametrize("image", [STAND_IN, STAND_IN.partition(":")[0]], ids=["a tag", "all tags"])
def test_a_broken_image_fails_and_recovers_once_it_is_mended(reset: LiveCluster, image: str) -> None:
    reset.break_image(image)
    reset.edit(FILE, "        app: web\n    spec:", "        app: web\n        changed: 'yes'\n    spec:")
    reset.commit("Roll out")
    message = reset.wait_failed("web", "HealthCheckFailed", seconds=90)
    assert "Deployment/web/web" in message

    reset.mend_image(image)

    reset.wait_ready("web", seconds=90)


def test_a_program_that_does_not_come_up_is_told_with_what_keeps_it(
    reset: LiveCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controllers, "PULL_SECONDS", 2.0)
    reset.break_image(STAND_IN)
    reset.delete("Deployment/web/web")
    reset.reconcile("web")
    reset.wait_until(lambda: reset.get("Deployment/web/web"), "it is made anew")

    with pytest.raises(LiveError) as raised:
        controllers.await_available(reset.api, "web", ["web"], "load it")

    headline, *pods = str(raised.value).splitlines()
    assert headline == "web did not become available in web; load it:"
    assert pods
    assert all(
        pod.startswith("  web/web-") and (": ImagePullBackOff: " in pod or ": ErrImagePull: " in pod) for pod in pods
    )


def test_what_is_only_asked_is_not_changed(running: Running) -> None:
    if not running.is_only_asked:
        pytest.skip("this provider's clusters are the run's own")
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "default"}}
    api = api_of(running)
    api.apply(CONFIG_MAPS, obj, manager="test", dry_run=True)

    for change in (
        lambda: api.apply(CONFIG_MAPS, obj, manager="test"),
        lambda: api.merge(CONFIG_MAPS, "default", "mine", {}),
        lambda: api.delete(CONFIG_MAPS, "default", "mine"),
        lambda: running.break_images(["any"]),
        running.start_flux,
    ):
        with pytest.raises(LiveError, match="only asked"):
            change()

    assert api.get(CONFIG_MAPS, "default", "mine") is None


def test_one_whose_run_is_killed_ends_and_leaves_others_alone(running: Running, options: LiveOptions) -> None:
    given = base64.b64encode(pickle.dumps(options)).decode()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", STARTER, given]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert starter.stdout is not None
    server = starter.stdout.readline().strip()
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()

    own = api_of(running)
    assert server.startswith("https://")
    assert (own.client.configuration.host == server) == (not running.owned)
    if running.owned:
        assert until(lambda: not _listens(server), 60)
    assert answers(own)


def test_closing_ends_what_was_made_and_nothing_else(running: Running) -> None:
    api = api_of(running)

    running.close()
    running.close()

    assert answers(api) == (not running.owned)
    assert running.kubeconfig.exists() == (not running.owned)


def _listens(server: str) -> bool:
    """Return whether something accepts connections at an API server's address."""
    host, _colon, port = server.removeprefix("https://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True
