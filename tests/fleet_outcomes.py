"""A fleet as plain values, so that a test can state all of what it expects."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fleet_files import URL, write_files

from pytest_gitops import load
from pytest_gitops.model import Failed, Fleet, Outcome, Skipped
from pytest_gitops.network import Network


def git_repository(root: Path, files: Mapping[str, str], *, url: str = URL, branch: str = "main") -> Path:
    """Write files as a Git repository with a remote, and return its directory."""
    write_files(root, files)
    git = ("git", "-C", str(root))
    subprocess.run(["git", "init", "-q", "-b", branch, str(root)], check=True)
    subprocess.run([*git, "config", "remote.origin.url", url], check=True)
    return root


def loaded(root: Path, files: Mapping[str, str], **options: Any) -> Fleet:
    """Load a Git repository of these files, without the network unless that is asked for."""
    options.setdefault("network", Network(offline=True))
    return load(git_repository(root, files), engine="bundled", **options)


def outcomes(fleet: Fleet) -> dict[str, dict[str, str]]:
    """Return for each cluster what became of each Kustomization, in the order in which it came to know them."""
    return {
        cluster.name: {kustomization.name: described(kustomization.outcome) for kustomization in cluster.kustomizations}
        for cluster in fleet.clusters
    }


def described(outcome: Outcome) -> str:
    """Return an outcome in a line: the objects of a render, the reason of a skip, the findings of a failure."""
    if isinstance(outcome, Skipped):
        return f"skipped: {outcome.reason}"
    if isinstance(outcome, Failed):
        return "failed: " + "; ".join(f"{f.rule} {f.location} {f.message}" for f in outcome.findings)
    return ", ".join(str(resource.id) for resource in outcome)


def entries(fleet: Fleet) -> dict[str, str]:
    """Return each cluster's entry directory by the cluster's name."""
    return {cluster.name: cluster.entry for cluster in fleet.clusters}


def overlays(fleet: Fleet) -> dict[str, str]:
    """Return what became of each overlay that no cluster reaches."""
    return {overlay.path: described(overlay.outcome) for overlay in fleet.overlays}
