"""What a change affects is exact: no item says anything else that is not selected, and few others are."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from git_repositories import commit

from pytest_gitops import load
from pytest_gitops.checks import FleetIndex, Item, Results, Selection, built_in, run
from pytest_gitops.model import Fleet, Rendered
from pytest_gitops.rendering.standby import Standby
from pytest_gitops.review.affecting import Affected, affected
from pytest_gitops.review.comparing import compare
from pytest_gitops.review.revisions import find_range
from pytest_gitops.validation import SchemaJudge

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLE = PROJECT / "example-repo"
FILES = sorted(path.relative_to(EXAMPLE).as_posix() for path in EXAMPLE.rglob("*.yaml"))
CHECKS = ("build", "schema", "references", "policy")

Mutate = Callable[[Path], None]


def shifted(file: Path) -> None:
    """Move every line of a file: what is told of them has another place."""
    file.write_text("# one line more\n" + file.read_text(encoding="utf-8"), encoding="utf-8")


def renamed(file: Path) -> None:
    """Give what a file holds other names."""
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("  name: ", "  name: another-"), encoding="utf-8")


def emptied(file: Path) -> None:
    """Leave a file without any object."""
    file.write_text("", encoding="utf-8")


def removed(file: Path) -> None:
    """Remove a file."""
    file.unlink()


def joined(file: Path) -> None:
    """Put a further object beside a file: directories without a kustomization file take in all there is."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: further\n  namespace: default\n"
    file.with_name("zz-further.yaml").write_text(text, encoding="utf-8")


class Bench:
    """Renders and judges the example at any state, as fast as caches allow."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root = root
        self._cache = cache
        self._standby = Standby()
        commit(root)
        self.base = root.with_name("base") / root.name
        shutil.copytree(root, self.base)
        self.before = self.judged(self.base)

    def judged(self, root: Path) -> tuple[Fleet, Results]:
        """Return a fleet, and what the checks find in it."""
        fleet = load(root, cache_dir=self._cache, standby=self._standby)
        judge = SchemaJudge((), (), self._cache, self._standby)
        return fleet, run(FleetIndex(fleet), built_in(), Selection(), judge)

    def restore(self) -> None:
        """Take the mutation back."""
        for path in self.root.rglob("*.yaml"):
            if not (self.base / path.relative_to(self.root)).exists():
                path.unlink()
        for path in self.base.rglob("*.yaml"):
            shutil.copyfile(path, self.root / path.relative_to(self.base))

    def close(self) -> None:
        """End the engine."""
        self._standby.close()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The example, committed."""
    directory = tmp_path_factory.mktemp("mutations")
    shutil.copytree(EXAMPLE, directory / "head" / "example", ignore=shutil.ignore_patterns(".pytest_cache"))
    bench = Bench(directory / "head" / "example", directory / "cache")
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Two clusters of four Kustomizations each, over overlays they share, committed."""
    directory = tmp_path_factory.mktemp("generated")
    write_fleet = runpy.run_path(str(PROJECT / "benchmarks" / "fleet.py"))["write_fleet"]
    write_fleet(directory / "head" / "fleet", 2, 4)
    bench = Bench(directory / "head" / "fleet", directory / "cache")
    yield bench
    bench.close()


def said(fleet: Fleet, results: Results) -> dict[Item, object]:
    """Return all that each item of a fleet says or shows, worked out without what is under test."""
    told: dict[Item, object] = {}
    for cluster in fleet.clusters:
        told[Item("graph", cluster.name)] = results.of(Item("graph", cluster.name))
        for part in cluster.parts:
            outcome = part.outcome
            output = [r.text for r in outcome] if isinstance(outcome, Rendered) else outcome
            for check in CHECKS:
                item = Item(check, cluster.name, part.name)
                told[item] = (results.of(item), output, part.object, part.location)
    return told


def differing(before: dict[Item, object], after: dict[Item, object]) -> set[Item]:
    """Return the items of head that say something else, or are new."""
    return {item for item, value in after.items() if before.get(item) != value}


def mutated(bench: Bench, mutate: Mutate, file: str) -> tuple[Affected, set[Item], dict[Item, object]]:
    """Return what a mutation of one file affects, which items differ, and all there are."""
    try:
        mutate(bench.root / file)
        head, results = bench.judged(bench.root)
    finally:
        changed = find_range(bench.root, "main").files
        bench.restore()
    found = affected(changed, compare(bench.before[0], head), bench.before[1], results)
    after = said(head, results)
    return found, differing(said(*bench.before), after), after


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("mutate", [shifted, renamed, emptied, removed, joined], ids=lambda mutate: mutate.__name__)
def test_no_item_that_says_something_else_is_left_out(bench: Bench, mutate: Mutate, file: str) -> None:
    found, different, _all = mutated(bench, mutate, file)
    assert {item for item in different if not found.has(item)} == set()


@pytest.mark.parametrize("mutate", [shifted, emptied], ids=lambda mutate: mutate.__name__)
def test_nor_of_a_generated_fleet(generated: Bench, mutate: Mutate) -> None:
    taken = {}
    files = sorted(path.relative_to(generated.root).as_posix() for path in generated.root.rglob("*.yaml"))
    for file in files:
        found, different, items = mutated(generated, mutate, file)
        assert {item for item in different if not found.has(item)} == set()
        taken[file] = sum(found.has(item) for item in items)
    # A file of one overlay concerns one part, or a part of each cluster; and the cluster as a whole.
    overlays = [count for file, count in taken.items() if "/overlays/" in file]
    assert max(overlays) <= 2 * (len(CHECKS) + 1)


@pytest.mark.parametrize(
    ("file", "parts"),
    [
        ("apps/web/overlays/staging/kustomization.yaml", {("staging", "flux-system/web")}),
        (
            "apps/web/base/deployment.yaml",
            {(name, "flux-system/web") for name in ("prod-ap-south", "prod-eu-west", "prod-us-east", "staging")},
        ),
    ],
)
def test_few_others_are_taken(bench: Bench, file: str, parts: set[tuple[str, str]]) -> None:
    found, _different, items = mutated(bench, shifted, file)
    taken = {(item.cluster, item.part) for item in items if found.has(item)}
    assert taken == parts | {(cluster, None) for cluster, _ in parts}


def test_nothing_is_taken_where_nothing_is_read(bench: Bench) -> None:
    (bench.root / "notes.md").write_text("Notes.\n", encoding="utf-8")
    head, results = bench.judged(bench.root)
    changed = find_range(bench.root, "main").files
    (bench.root / "notes.md").unlink()
    assert changed == (("A", "notes.md"),)
    found = affected(changed, compare(bench.before[0], head), bench.before[1], results)
    assert not any(found.has(item) for item in said(head, results))


@pytest.mark.parametrize("file", [".pytest-gitops.yaml", "sub/conftest.py", "pyproject.toml", "pytest.ini"])
def test_what_shapes_verdicts_affects_everything(bench: Bench, file: str) -> None:
    comparison = compare(bench.before[0], bench.before[0])
    found = affected([("M", file)], comparison, bench.before[1], bench.before[1])
    assert found.everything
