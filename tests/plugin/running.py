"""What the plugin's tests run pytest on, and how they read what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fleet_files import Files, kustomization, overlay, source, two_clusters

from pytest_gitops.model import (
    Cluster,
    Failed,
    Finding,
    Fleet,
    Kustomization,
    Location,
    Outcome,
    Overlay,
    Rendered,
    ResourceId,
    Severity,
    Skipped,
)

Run = Callable[..., pytest.RunResult]
Collect = Callable[..., list[str]]

PRODUCTION = "clusters/production/flux-system/gotk-sync.yaml::production"
STAGING = "clusters/staging/flux-system/gotk-sync.yaml::staging"
CANARY = "apps/canary/kustomization.yaml::apps/canary::build"
HEALTHY = [
    CANARY,
    f"{PRODUCTION}::flux-system/flux-system::build",
    f"{PRODUCTION}::flux-system/apps::build",
    f"{STAGING}::flux-system/flux-system::build",
    f"{STAGING}::flux-system/apps::build",
]


def troubles() -> Files:
    """Return two clusters with troubles of every kind."""
    files = two_clusters()
    files["apps/broken/kustomization.yaml"] = overlay("../base", "absent.yaml")
    for cluster in ("production", "staging"):
        files[f"clusters/{cluster}/apps.yaml"] += "---\n".join(
            [
                "",
                kustomization("broken", "./apps/broken"),
                kustomization("asleep", f"./apps/{cluster}", extra="suspend: true"),
                source("elsewhere", "https://github.com/example-org/elsewhere"),
                kustomization("far", "./deploy", "elsewhere"),
                kustomization("farther", "./more", "elsewhere"),
            ]
        )
    return files


REASON = "source GitRepository/flux-system/elsewhere is not this repository"


def troubled_fleet(root: Path) -> Fleet:
    """Return what the troubled repository renders to, in words that no engine's version changes."""
    clusters = []
    for name in ("production", "staging"):
        entry, apps = f"clusters/{name}/flux-system/gotk-sync.yaml", f"clusters/{name}/apps.yaml"
        cause = Finding(
            rule="build",
            severity=Severity.ERROR,
            message=f"resources: {name}.yaml does not exist",
            location=Location("apps/broken/kustomization.yaml", 5),
            resource="Kustomization/flux-system/broken",
            clusters=(name,),
            remedy=f"write apps/broken/{name}.yaml, or take it off the list",
            chain=(Location(entry, 12), Location(apps, 14)),
        )
        kustomizations = (
            _kustomization("flux-system", Location(entry, 12), Rendered(())),
            _kustomization("apps", Location(apps, 1), Rendered(())),
            _kustomization("broken", Location(apps, 14), Failed((cause,))),
            _kustomization("asleep", Location(apps, 27), Rendered(()), suspend=True),
            _kustomization("far", Location(apps, 52), Skipped(REASON)),
            _kustomization("farther", Location(apps, 65), Skipped(REASON)),
        )
        clusters.append(Cluster(name, f"clusters/{name}", entry, kustomizations, flux_version="v2.9.5"))
    canary = Overlay("apps/canary", "apps/canary/kustomization.yaml", Rendered(()))
    return Fleet(root, tuple(clusters), (canary,), engine="engine 0.1.0 (Flux 2.9.5)", notes=("all is not well",))


def _kustomization(name: str, location: Location, outcome: Outcome, **spec: object) -> Kustomization:
    id = ResourceId("kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", name)
    return Kustomization(id, {"spec": spec}, location, outcome)


def collected(result: pytest.RunResult) -> list[str]:
    """Return the node ids that ``--collect-only -q`` printed."""
    return [line for line in result.outlines if "::" in line]


def outcomes(result: pytest.RunResult) -> dict[str, str]:
    """Return the result of each test that ``-v`` printed, by node id, with or without workers."""
    found: dict[str, str] = {}
    for line in result.outlines:
        if match := re.match(r"(?:\[gw\d\] \[ *\d+%\] )(\w+)(?: \(suspended\))? (\S+)", line):
            found[match[2]] = match[1]
        elif match := re.match(r"(\S+::\S+)(?: <- \S+)? (PASSED|FAILED|SKIPPED|ERROR)", line):
            found[match[1]] = match[2]
    return found


def normalised(lines: Sequence[str]) -> str:
    """Return output without what differs from run to run: versions, times, worker names, banner lengths."""
    text = "\n".join(lines)
    text = re.sub(r"in \d+\.\d+s", "in 0.00s", text)
    text = re.sub(r"platform .*|plugins: .*|rootdir: .*|cachedir: .*", "…", text)
    return re.sub(r"={3,}|_{3,}", "===", text)
