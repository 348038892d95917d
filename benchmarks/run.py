"""Measures the whole command against one ``kustomize build`` a path, and how its cost grows with the fleet.

Usage: python benchmarks/run.py [--only repository|scale] [--repeat N] [--json FILE]

Run it with the Python that has pytest-gitops installed, on an otherwise idle machine. The repository to measure is
the corpora's onedr0p__home-ops (``../shared/corpora`` or $GITOPS_CORPORA); kustomize is the one that
``tests/tools/build.py`` builds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from fleet import write_fleet
from measure import Cost, adopt_orphans, run

PROJECT = Path(__file__).resolve().parent.parent
CORPORA = Path(os.environ.get("GITOPS_CORPORA", PROJECT.parent / "shared" / "corpora"))
REPOSITORY = "onedr0p__home-ops"
KUSTOMIZE = PROJECT / "tests" / "tools" / "bin" / "kustomize"
PYTEST = [sys.executable, "-m", "pytest", "--gitops-repo=.", "-q"]
RENDERING = [*PYTEST, "--gitops-check=build"]
BOUNDS = {"cold": 2.4, "warm": 1.1, "checks": 1.5, "growth": 1.2, "memory_gib": 1.5}
GIB = 1 << 30
PER_CLUSTER = 100


def main() -> None:
    """Run the chosen measurements, print a table and write the figures as JSON where asked."""
    options = _options()
    adopt_orphans()
    figures: dict[str, Any] = {"date": date.today().isoformat(), "machine": _machine()}
    with tempfile.TemporaryDirectory(prefix="gitops-benchmark-") as directory:
        for name, measure in MEASUREMENTS.items():
            if options.only in (None, name):
                figures[name] = measure(Path(directory) / name, options.repeat)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def measure_repository(work: Path, repeat: int) -> dict[str, Any]:
    """Compare cold and warm runs with one kustomize process a path, and checks with rendering alone.

    All are interleaved, so that each sees the same machine.
    """
    repo = _checkout(CORPORA / "repos" / REPOSITORY, work / "repo")
    paths = sorted(_kustomization_paths(repo))
    runs: dict[str, list[Cost]] = {name: [] for name in ("cold", "warm", "cold, all checks", "warm, all checks")}
    kustomize = []
    for number in range(repeat):
        for command, suffix in ((RENDERING, ""), (PYTEST, ", all checks")):
            cache = work / f"cache-{number}{suffix}"
            runs[f"cold{suffix}"].append(_pytest(repo, cache, command))
            runs[f"warm{suffix}"].append(_pytest(repo, cache, command))
        kustomize.append(_kustomize_each(repo, paths))
    _table(f"{REPOSITORY}, {len(paths)} Kustomizations, CPU seconds, median of {repeat}")
    base = statistics.median(kustomize)
    figures = {name: statistics.median(cost.cpu for cost in costs) for name, costs in runs.items()}
    _row("kustomize build, a process each", base, 1.0)
    for kind in ("cold", "warm"):
        _row(f"{kind} cache, rendering", figures[kind], figures[kind] / base, BOUNDS[kind])
    for kind in ("cold", "warm"):
        checked = figures[f"{kind}, all checks"]
        _row(f"{kind} cache, all checks", checked, checked / figures[kind], BOUNDS["checks"])
    return {
        "paths": len(paths),
        "kustomize": [round(seconds, 4) for seconds in kustomize],
        **{name: [_figures(cost) for cost in costs] for name, costs in runs.items()},
    }


def measure_scale(work: Path, repeat: int) -> dict[str, Any]:
    """Compare the cost of a Kustomization in a fleet of 100 with that in larger ones, cold and warm."""
    runs: dict[int, dict[str, list[Cost]]] = {}
    for clusters, repeats in ((1, repeat), (10, repeat), (100, max(1, repeat // 3))):
        size = clusters * PER_CLUSTER
        repo = work / str(size)
        write_fleet(repo, clusters, PER_CLUSTER)
        _git_init(repo, "https://github.com/example-org/fleet")
        runs[size] = {"cold": [], "warm": []}
        for number in range(repeats):
            for kind in ("cold", "warm"):
                runs[size][kind].append(_pytest(repo, work / f"cache-{size}-{number}", RENDERING, sample=True))
    _table("Generated fleets, CPU milliseconds a Kustomization, peak GiB")
    for kind in ("cold", "warm"):
        base = 0.0
        for size, costs in runs.items():
            figure = 1000 * statistics.median(cost.cpu for cost in costs[kind]) / size
            base = base or figure
            _row(f"{kind} cache, of {size:,}", figure, figure / base, BOUNDS["growth"])
        peak = max(cost.memory for cost in runs[max(runs)][kind]) / GIB
        _row(f"{kind} cache, of {max(runs):,}: peak GiB", peak, peak, BOUNDS["memory_gib"])
    return {
        str(size): {kind: [_figures(c) for c in costs] for kind, costs in kinds.items()} for size, kinds in runs.items()
    }


MEASUREMENTS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "repository": measure_repository,
    "scale": measure_scale,
}


def _pytest(repo: Path, cache: Path, command: list[str], *, sample: bool = False) -> Cost:
    cost = run(command, cwd=repo, env={"GITOPS_CACHE_DIR": str(cache)}, sample=sample)
    if cost.status != 0:
        sys.exit(f"pytest ended with {cost.status} in {repo}:\n{cost.output[-4000:]}")
    return cost


def _kustomize_each(repo: Path, paths: list[str]) -> float:
    command = [str(KUSTOMIZE), "build", "--load-restrictor=LoadRestrictionsNone"]
    return sum(run([*command, path], cwd=repo).cpu for path in paths)


def _kustomization_paths(repo: Path) -> Iterator[str]:
    for file in repo.rglob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        if "kustomize.toolkit.fluxcd.io" not in text:
            continue
        for document in yaml.safe_load_all(text):
            if (
                isinstance(document, dict)
                and document.get("kind") == "Kustomization"
                and "sourceRef" in document.get("spec", {})
            ):
                yield document["spec"]["path"].removeprefix("./")


def _checkout(source: Path, target: Path) -> Path:
    if not source.is_dir():
        sys.exit(f"{source} is not there: set GITOPS_CORPORA, or choose --only scale")
    index = json.loads((CORPORA / "index.json").read_text(encoding="utf-8"))
    shutil.copytree(source, target, symlinks=True)
    _git_init(target, next(entry["url"] for entry in index if entry["repo"] == source.name))
    return target


def _git_init(repo: Path, url: str) -> None:
    for arguments in (["init", "-q", "-b", "main"], ["remote", "add", "origin", url]):
        subprocess.run(["git", *arguments], cwd=repo, check=True)


def _figures(cost: Cost) -> dict[str, float]:
    return {"cpu": round(cost.cpu, 4), "wall": round(cost.wall, 4), "memory": cost.memory}


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}


def _table(title: str) -> None:
    print(f"\n{title}\n{'':34}{'figure':>9}{'ratio':>8}{'bound':>8}")


def _row(name: str, figure: float, ratio: float, bound: float | None = None) -> None:
    verdict = "" if bound is None else f"{bound:8.2f}  {'holds' if ratio <= bound else 'MISSED'}"
    print(f"{name:34}{figure:9.3f}{ratio:8.2f}{verdict}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=MEASUREMENTS)
    parser.add_argument("--repeat", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
