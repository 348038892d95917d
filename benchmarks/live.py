"""Measures the hermetic cluster: how soon it answers, reconciles and has judged a repository, and what it takes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from report import Table

from pytest_gitops import load
from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.live import server_rules
from pytest_gitops.checks.results import Hit
from pytest_gitops.checks.rule import Rule
from pytest_gitops.live.api import Api
from pytest_gitops.live.apply_judge import ApplyJudge
from pytest_gitops.live.provider import Wish
from pytest_gitops.live.providers import provider
from pytest_gitops.live.scenario import LiveCluster, started
from pytest_gitops.model import Severity

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "packages" / name) for name in ("control-plane", "flux", "flux-notification")]
# Seconds and GiB that a quiet machine of two cores may take.
ANSWERS, RECONCILED, APPLIED, MEMORY = 3.0, 25.0, 20.0, 1.2
CLUSTERS = 3


def measure_live(work: Path, repeat: int, large: Path) -> tuple[Table, dict[str, Any]]:
    """Measure each step of its own; ``large`` is the repository whose objects are all tried."""
    example = _checkout(PROJECT / "example-repo", work / "example")
    large = _checkout(large, work / large.name)
    seconds = {
        "answers": median(_timed(_answer) for _ in range(repeat)),
        "reconciled": median(_timed(lambda: _reconcile(example)) for _ in range(repeat)),
        "applied": median(_timed(lambda: _apply(large)) for _ in range(repeat)),
        "three at once": _timed(lambda: _several(example)),
    }
    memory = _memory(example)
    table = Table("Seconds of the hermetic cluster, from nothing; GiB of all its processes")
    table.add("the API server answers", seconds["answers"], ANSWERS, 1)
    table.add("the example's staging is reconciled", seconds["reconciled"], RECONCILED, 1)
    table.add(f"every object of {large.name} is tried", seconds["applied"], APPLIED, 1)
    table.add(f"{CLUSTERS} clusters at once are reconciled", seconds["three at once"], RECONCILED)
    table.add("memory (GiB)", memory, MEMORY, 1)
    return table, {**seconds, "memory": memory}


def _timed(step: Callable[[], None]) -> float:
    began = time.monotonic()
    step()
    return time.monotonic() - began


def _answer() -> None:
    with closing(provider("hermetic").start(Wish())) as running:
        Api(running.kubeconfig).kinds()


def _following(repository: Path) -> LiveCluster:
    fleet = load(repository)
    live = started(provider("hermetic"), fleet["staging"], fleet.root)
    live.wait_ready(seconds=300)
    return live


def _reconcile(repository: Path) -> None:
    _following(repository).close()


def _several(repository: Path) -> None:
    with ThreadPoolExecutor(CLUSTERS) as pool:
        list(pool.map(_reconcile, [repository] * CLUSTERS))


def _apply(repository: Path) -> None:
    rules = [rule for rule in vars(server_rules).values() if isinstance(rule, Rule)]
    for said in ApplyJudge(provider("hermetic"))(FleetIndex(load(repository)), rules):
        if isinstance(said, Hit) and said.violation.severity is Severity.ERROR:
            sys.exit(f"nothing was measured: {said.violation.message}")


def _memory(repository: Path) -> float:
    """Return what a reconciled cluster's processes hold, shared pages in equal parts."""
    with closing(_following(repository)) as live:
        directory = str(live.kubeconfig.parent)
        return sum(_proportional(pid) for pid in _pids(directory)) / (1 << 20)


def _pids(directory: str) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == Path(directory):
                yield int(process.name)
        except OSError:
            continue


def _proportional(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _checkout(source: Path, target: Path) -> Path:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".pytest_cache"))
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A")):
        subprocess.run(["git", *arguments], cwd=target, check=True)
    return target
