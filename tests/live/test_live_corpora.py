"""Real repositories reconcile on hermetic clusters, but for charts and the like that can't be fetched."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from corpora import CORPORA
from fleet_files import overlay, write_files
from reconcile_faults import workload

from pytest_gitops import load
from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.live import flux_rules
from pytest_gitops.checks.results import Item, Results
from pytest_gitops.checks.rule import Rule
from pytest_gitops.checks.running import run
from pytest_gitops.checks.selection import Selection
from pytest_gitops.live.hermetic.programs import Programs
from pytest_gitops.live.providers import provider
from pytest_gitops.live.reconcile_judge import ReconcileJudge
from pytest_gitops.model import Fleet, HelmRelease, Kustomization, Skipped

RULES = [rule for rule in vars(flux_rules).values() if isinstance(rule, Rule)]


def checkout(name: str, target: Path) -> Path:
    """Return a copy of a repository of the corpora as a Git repository with its remote."""
    source = CORPORA / "repos" / name
    if not source.is_dir():
        pytest.skip(f"{source} is not there: set GITOPS_CORPORA")
    index = json.loads((CORPORA / "index.json").read_text(encoding="utf-8"))
    url = next(entry["url"] for entry in index if entry["repo"] == name)
    shutil.copytree(source, target, symlinks=True)
    for arguments in (("init", "-q", "-b", "main"), ("remote", "add", "origin", url)):
        subprocess.run(["git", *arguments], cwd=target, check=True)
    return target


def reconcile(fleet: Fleet) -> Results:
    judge = ReconcileJudge(provider("hermetic"), fleet.root)
    return run(FleetIndex(fleet), RULES, Selection(checks=("reconcile",)), judge)


def reasons(fleet: Fleet, results: Results) -> dict[str, str]:
    """Return why Kustomizations and HelmReleases that render were not tried, by cluster and name."""
    parts = ((cluster, part) for cluster in fleet.clusters for part in cluster.parts)
    wanted = ((c, p) for c, p in parts if isinstance(p, Kustomization | HelmRelease))
    found = ((f"{c.name}: {p.name}", results.untried(Item("reconcile", c.name, p.name))) for c, p in wanted)
    return {name: reason for name, reason in found if reason is not None}


def ready(results: Results, cluster: str) -> set[str]:
    """Return the names of Kustomizations that were Ready in the end."""
    (live,) = (run for run in results.live if run.cluster == cluster)
    last = {moment.name: moment.ready for moment in live.timeline if moment.name.count("/") == 1}
    return {name for name, state in last.items() if state == "True"}


def skipped(fleet: Fleet, cluster: str) -> set[str]:
    return {k.name for k in fleet[cluster].kustomizations if isinstance(k.outcome, Skipped)}


def test_the_example(programs: Programs, example: Path) -> None:
    fleet = load(example)

    results = reconcile(fleet)

    assert results.findings == ()
    assert reasons(fleet, results) == {}
    for cluster in fleet.clusters:
        assert {k.name for k in cluster.kustomizations} <= ready(results, cluster.name)


def test_a_hub_and_its_spokes(programs: Programs, tmp_path: Path) -> None:
    fleet = load(checkout("fluxcd__flux2-hub-spoke-example", tmp_path / "repository"))

    results = reconcile(fleet)

    assert results.findings == ()
    assert reasons(fleet, results) == {}
    assert ready(results, "hub") == {k.name for k in fleet["hub"].kustomizations}


TENANT: Mapping[str, str] = {
    f"{cluster}/{name}": text
    for cluster in ("production", "staging")
    for name, text in {
        "kustomization.yaml": overlay("web.yaml") + "namespace: apps\n",
        "web.yaml": workload("Deployment", "web"),
    }.items()
}


def test_tenants_whose_source_is_another_branch(programs: Programs, tmp_path: Path) -> None:
    root = checkout("fluxcd__flux2-multi-tenancy", tmp_path / "repository")
    tenant = write_files(tmp_path / "dev-team", TENANT)
    fleet = load(root, sources={"GitRepository/apps/dev-team": tenant})

    results = reconcile(fleet)

    assert results.findings == ()
    for cluster in fleet.clusters:
        assert "apps/dev-team" in ready(results, cluster.name)
        # What a source that can't be had would give is taken for Ready.
        assert skipped(fleet, cluster.name) == {"flux-system/kyverno-controller"}
        assert ready(results, cluster.name) == {k.name for k in cluster.kustomizations}


# What operators would say that don't run here.
CONDITIONS = """\
live:
  conditions:
    ClusterIssuer.cert-manager.io: {Ready: true}
    ClusterSecretStore.external-secrets.io: {Ready: true}
"""
SECRET = "Secret/cloudflare-tunnel-id-secret"
DEFINITION = "CustomResourceDefinition/network-attachment-definitions.k8s.cni.cncf.io"
NETWORKS = "dependency 'kube-system/multus-networks' is not ready"
HOME: Mapping[str, str] = {
    "cluster: default/home-assistant": NETWORKS,
    "cluster: default/slskd": NETWORKS,
    "cluster: kube-system/multus": f"it waits for {DEFINITION}, which nothing makes that could be rendered",
    "cluster: kube-system/multus-networks": "dependency 'kube-system/multus' is not ready",
    "cluster: network/cloudflare-tunnel": f"it takes variables of {SECRET}, which is not in Git",
    "cluster: o11y/blackbox-exporter-vpn": NETWORKS,
    "cluster: rook-ceph/rook-ceph-cluster": (
        "it waits for CephCluster/rook-ceph, which nothing makes that could be rendered"
    ),
}


def test_a_home(programs: Programs, tmp_path: Path) -> None:
    root = checkout("onedr0p__home-ops", tmp_path / "repository")
    (root / ".pytest-gitops.yaml").write_text(CONDITIONS, encoding="utf-8")
    fleet = load(root)

    results = reconcile(fleet)

    assert [f"{finding.location}: {finding.message}" for finding in results.findings] == []
    assert reasons(fleet, results) == HOME
    untried = {name.partition(": ")[2] for name in HOME}
    assert ready(results, "cluster") >= {k.name for k in fleet["cluster"].kustomizations} - untried
