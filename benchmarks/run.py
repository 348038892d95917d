"""Measures the whole command against one ``kustomize build`` a path, and how its cost grows with the fleet.

Usage: python benchmarks/run.py [--only repository|review|scale|helm|live|page] [--repeat N] [--write]

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
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from chromium import measure_page
from fleet import write_fleet
from helm import measure_helm
from live import measure_live
from measure import Cost, adopt_orphans, run
from report import Table, page

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
CORPORA = Path(os.environ.get("GITOPS_CORPORA", PROJECT.parent / "shared" / "corpora"))
REPOSITORY = "onedr0p__home-ops"
KUSTOMIZE = PROJECT / "tests" / "tools" / "bin" / "kustomize"
PYTEST = [sys.executable, "-m", "pytest", "--gitops-repo=.", "-q"]
RENDERING = [*PYTEST, "--gitops-check=build"]
REVIEWING = [*PYTEST, "--gitops-base=main"]
# Of the cost of kustomize, of rendering alone, of a plain run, of a fleet of 100; and GiB.
COLD, WARM, CHECKS, REVIEW, GROWTH, MEMORY = 2.4, 1.1, 1.5, 1.3, 1.2, 1.5
GIB = 1 << 30
PER_CLUSTER = 100

Figures = dict[str, Any]


def main() -> None:
    """Run the chosen measurements, print their tables, and keep them where asked."""
    options = _options()
    adopt_orphans()
    figures: Figures = {"date": date.today().isoformat(), "machine": _machine()}
    tables = []
    with tempfile.TemporaryDirectory(prefix="gitops-benchmark-") as directory:
        for name, measure in MEASUREMENTS.items():
            if options.only in (None, name):
                table, figures[name] = measure(Path(directory) / name, options.repeat)
                tables.append(table)
                print(table.text(), flush=True)
    if options.write:
        (HERE / "results.json").write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        (HERE / "README.md").write_text(page(tables, figures), encoding="utf-8")


def measure_repository(work: Path, repeat: int) -> tuple[Table, Figures]:
    """Compare cold and warm runs with one kustomize process a path, and checks with rendering alone.

    All are interleaved, so that each sees the same machine.
    """
    repo = _checkout(CORPORA / "repos" / REPOSITORY, work / "repo")
    paths = sorted(_kustomization_paths(repo))
    costs: dict[str, list[Cost]] = {}
    for number in range(repeat):
        for command, suffix in ((RENDERING, ""), (PYTEST, ", all checks")):
            cache = work / f"cache-{number}{suffix}"
            costs.setdefault(f"cold{suffix}", []).append(_pytest(repo, cache, command))
            costs.setdefault(f"warm{suffix}", []).append(_pytest(repo, cache, command))
        costs.setdefault("kustomize", []).append(_kustomize_each(repo, paths))
    cpu = {name: _cpu(runs) for name, runs in costs.items()}
    base = cpu["kustomize"]
    table = Table(f"CPU seconds for {REPOSITORY} with its {len(paths)} Kustomizations")
    table.add("`kustomize build`, a process for each path", base, base)
    table.add("`pytest --gitops-repo .`, rendering, cold cache", cpu["cold"], base, COLD)
    table.add("the same, warm cache", cpu["warm"], base, WARM)
    table.add("all checks, cold cache, to rendering cold", cpu["cold, all checks"], cpu["cold"], CHECKS)
    table.add("all checks, warm cache, to rendering warm", cpu["warm, all checks"], cpu["warm"], CHECKS)
    return table, {"paths": len(paths), **{name: _figures(runs) for name, runs in costs.items()}}


def measure_review(work: Path, repeat: int) -> tuple[Table, Figures]:
    """Compare the review of a change of one line with a plain run of the same working tree, both with a warm cache.

    They are run in turns, so that each sees the same machine. The first review after a change of the base is told too.
    """
    repo = _checkout(CORPORA / "repos" / REPOSITORY, work / "repo")
    _commit(repo)
    _change_a_line(repo)
    cache = work / "cache"
    _pytest(repo, cache, PYTEST)
    costs: dict[str, list[Cost]] = {"first": [_pytest(repo, cache, REVIEWING)]}
    for _ in range(repeat):
        costs.setdefault("plain", []).append(_pytest(repo, cache, PYTEST))
        costs.setdefault("review", []).append(_pytest(repo, cache, REVIEWING))
    cpu = {name: _cpu(runs) for name, runs in costs.items()}
    table = Table(f"CPU seconds for a change of one line of {REPOSITORY}, all checks, warm cache")
    table.add("`pytest --gitops-repo .`", cpu["plain"], cpu["plain"])
    table.add("the same with `--gitops-base=main`", cpu["review"], cpu["plain"], REVIEW)
    table.add("the first one with this base", cpu["first"], cpu["plain"])
    return table, {name: _figures(runs) for name, runs in costs.items()}


def measure_scale(work: Path, repeat: int) -> tuple[Table, Figures]:
    """Compare the cost of a Kustomization in a fleet of 100 with that in larger ones, cold and warm."""
    runs: dict[int, dict[str, list[Cost]]] = {}
    for clusters, repeats in ((1, repeat), (10, repeat), (100, max(1, repeat // 3))):
        size = clusters * PER_CLUSTER
        repo = work / str(size)
        write_fleet(repo, clusters, PER_CLUSTER)
        _git_init(repo, "https://github.com/example-org/fleet")
        runs[size] = {"cold": [], "warm": []}
        for number in range(repeats):
            for costs in runs[size].values():
                costs.append(_pytest(repo, work / f"cache-{size}-{number}", RENDERING, sample=True))
    table = Table("CPU milliseconds a Kustomization in generated fleets, rendering")
    for kind in ("cold", "warm"):
        each = {size: 1000 * _cpu(costs[kind]) / size for size, costs in runs.items()}
        for size, figure in each.items():
            table.add(f"{kind} cache, {size:,} Kustomizations", figure, each[PER_CLUSTER], GROWTH)
        peak = max(cost.memory for cost in runs[max(runs)][kind]) / GIB
        table.add(f"{kind} cache, {max(runs):,} Kustomizations: peak GiB", peak, 1, MEMORY)
    return table, {str(size): {kind: _figures(c) for kind, c in kinds.items()} for size, kinds in runs.items()}


MEASUREMENTS: dict[str, Callable[[Path, int], tuple[Table, Figures]]] = {
    "repository": measure_repository,
    "review": measure_review,
    "scale": measure_scale,
    "helm": measure_helm,
    "live": lambda work, repeat: measure_live(work, min(repeat, 3), CORPORA / "repos" / REPOSITORY),
    "page": measure_page,
}


def _pytest(repo: Path, cache: Path, command: list[str], *, sample: bool = False) -> Cost:
    # Bytecode is kept, as an installation has it.
    environment = {"GITOPS_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": ""}
    cost = run(command, cwd=repo, env=environment, sample=sample)
    if cost.status != 0:
        sys.exit(f"pytest ended with {cost.status} in {repo}:\n{cost.output[-4000:]}")
    return cost


def _kustomize_each(repo: Path, paths: list[str]) -> Cost:
    """Return the cost of one process after the other; a path that kustomize alone can't build counts as well."""
    command = [str(KUSTOMIZE), "build", "--load-restrictor=LoadRestrictionsNone"]
    costs = [run([*command, path], cwd=repo) for path in paths]
    return Cost(sum(cost.cpu for cost in costs), sum(cost.wall for cost in costs), 0, 0, "")


def _kustomization_paths(repo: Path) -> Iterator[str]:
    for file in repo.rglob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        if "kustomize.toolkit.fluxcd.io" not in text:
            continue
        for document in yaml.safe_load_all(text):
            if isinstance(document, dict) and document.get("kind") == "Kustomization" and "sourceRef" in str(document):
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


def _commit(repo: Path) -> None:
    who = ("-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.com", "-c", "commit.gpgsign=false")
    for arguments in (["add", "-A"], ["commit", "-q", "-m", "base"]):
        subprocess.run(["git", *who, *arguments], cwd=repo, check=True)


def _change_a_line(repo: Path) -> None:
    """Give the first image, by the files' names, that a HelmRelease sets another tag."""
    for file in sorted(repo.rglob("helmrelease.yaml")):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        for number, line in enumerate(lines):
            if line.strip().startswith("tag: "):
                lines[number] = f"{line.partition('tag:')[0]}tag: 0.0.0-changed\n"
                file.write_text("".join(lines), encoding="utf-8")
                return
    sys.exit(f"{repo} has no HelmRelease with a tag to change")


def _cpu(costs: Iterable[Cost]) -> float:
    return median(cost.cpu for cost in costs)


def _figures(costs: Iterable[Cost]) -> list[dict[str, float]]:
    return [{"cpu": round(c.cpu, 4), "wall": round(c.wall, 4), "memory": c.memory} for c in costs]


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=MEASUREMENTS)
    parser.add_argument("--repeat", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--write", action="store_true", help="keep the results in README.md and results.json")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write keeps all figures or none: leave out --only")
    return options


if __name__ == "__main__":
    main()
