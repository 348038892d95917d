"""What the plugin's tests run pytest on, and how they read what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest
from fleet_files import Files, kustomization, overlay, source, two_clusters

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
    text = re.sub(r"engine \d+\.\d+\.\d+ \(.*\)", "engine", text)
    return re.sub(r"={3,}|_{3,}", "===", text)
