"""Clusters that are there already, asked from the command line: what they say, and that they stay as they were."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fleet_files import bootstrap, config_map, kustomization, namespace, overlay, write_files

from pytest_gitops import load
from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.live import server_rules
from pytest_gitops.checks.running import run
from pytest_gitops.checks.selection import Selection
from pytest_gitops.live.api import Api, Kind
from pytest_gitops.live.apply_judge import ApplyJudge
from pytest_gitops.live.hermetic.cluster import ControlPlane
from pytest_gitops.live.hermetic.programs import Programs
from pytest_gitops.live.providers import provider
from pytest_gitops.live_options import LiveOptions

NAMESPACES = Kind("v1", "Namespace", "namespaces", False)
CONFIG_MAPS = Kind("v1", "ConfigMap", "configmaps", True)
WRONG = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: web\nspec:\n  ports:\n    - port: 808080\n"
BACKUP = "apiVersion: example.com/v1\nkind: Backup\nmetadata:\n  name: daily\n  namespace: web\n"


@pytest.fixture(scope="module")
def mine(programs: Programs) -> Iterator[ControlPlane]:
    """A cluster that somebody else has started, with the namespace web and an immutable ConfigMap in it."""
    with closing(ControlPlane(programs, "mine")) as cluster:
        api = Api(cluster.access.kubeconfig)
        api.apply(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}}, manager="me")
        metadata = {"name": "web", "namespace": "web"}
        held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "immutable": True, "data": {"a": "b"}}
        api.apply(CONFIG_MAPS, held, manager="me")
        yield cluster


@pytest.fixture
def repository(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two clusters, whose objects an API server has something to say to."""
    files = {"apps/kustomization.yaml": overlay("web.yaml", "service.yaml", "backup.yaml", "other.yaml")}
    files |= {"apps/web.yaml": config_map("web", a="c"), "apps/service.yaml": WRONG, "apps/backup.yaml": BACKUP}
    files["apps/other.yaml"] = namespace("other") + "---\n" + config_map("other")
    for name in ("production", "staging"):
        files |= bootstrap(name)
        files[f"clusters/{name}/apps.yaml"] = kustomization("apps", "./apps")
    write_files(pytester.path, files)
    subprocess.run(["git", "init", "-q"], cwd=pytester.path, check=True)
    monkeypatch.setenv("COLUMNS", "160")
    return pytester.path


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "xdist"])
def test_a_cluster_of_one_s_own_is_asked_and_not_changed(
    mine: ControlPlane, pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    api = Api(mine.access.kubeconfig)
    before = {name: api.list(kind) for name, kind in (("namespaces", NAMESPACES), ("maps", CONFIG_MAPS))}

    result = pytester.runpytest_inprocess(
        "--gitops-repo=.",
        "--gitops-check=apply",
        "--gitops-apply=existing",
        "--gitops-kube-context=staging=mine",
        f"--gitops-kubeconfig={mine.access.kubeconfig}",
        "-rs",
        *workers,
    )

    assert api.list(NAMESPACES) == before["namespaces"]
    assert api.list(CONFIG_MAPS) == before["maps"]
    result.assert_outcomes(failed=1, passed=1, skipped=2)
    said = [line for line in result.outlines if line.startswith(("apps/", "2 skipped", "note: "))]
    assert said == [
        "apps/web.yaml:6: ConfigMap web: Forbidden: field is immutable when `immutable` is set",
        "apps/service.yaml:8: Service web: Invalid value: 808080: must be between 1 and 65535, inclusive",
        "2 skipped: no context is named for it: give --gitops-kube-context=production=CONTEXT",
        f"note: apply of staging in a cluster of your own, mine (Kubernetes {api.version})",
    ]


def test_what_the_cluster_has_no_place_for_is_not_tried(mine: ControlPlane, repository: Path) -> None:
    options = LiveOptions("existing", contexts=(("staging", "mine"),), kubeconfig=mine.access.kubeconfig)
    index = FleetIndex(load(repository))

    results = run(index, [server_rules.unavailable], Selection(checks=("apply",)), ApplyJudge(provider(options)))

    assert [(finding.clusters, finding.message) for finding in results.findings] == [
        (
            ("staging",),
            "1 objects of kinds that the cluster doesn't serve were not tried: 1 Backup (example.com/v1)",
        ),
        (
            ("staging",),
            "4 objects in namespaces that the cluster doesn't have were not tried: 3 flux-system, 1 other",
        ),
    ]


@pytest.mark.usefixtures("repository")
def test_a_context_that_is_not_there_is_told(mine: ControlPlane, pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(
        "--gitops-repo=.",
        "--gitops-check=apply",
        "--gitops-apply=existing",
        "--gitops-kube-context=staging=yours",
        f"--gitops-kubeconfig={mine.access.kubeconfig}",
    )

    result.stdout.fnmatch_lines(["*no object was applied: the kubeconfig can't be used: *yours*"])
