"""What a review says becomes of objects is what becomes of them in a cluster that real Flux controllers reconcile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import sleep

import pytest

from pytest_gitops import load
from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.provider import Wish
from pytest_gitops.live.providers import provider
from pytest_gitops.live.scenario import LiveCluster, NotAsExpectedError
from pytest_gitops.model import JsonObject, ResourceId
from pytest_gitops.review.comparing import compare
from pytest_gitops.review.holding import Holding
from pytest_gitops.review.model import Action, Fate
from pytest_gitops.review.updating import with_refusals
from pytest_gitops.validation import SchemaJudge

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "review"))
from reviewed_fleet import Files, reviewed_fleet
from single_changes import CHANGES

CLUSTER = "staging"
SECONDS = 40.0
# How long what stays is watched for going after all.
CALM = 2.0
# The last one takes everything along.
NAMES = (
    "image-bumped",
    "generated-changed",
    "file-unlisted",
    "kept-object-removed",
    "object-removed-without-prune",
    "claim-removed",
    "selector-changed-by-force",
    "invalid-by-force",
    "job-changed",
    "held-fast-by-a-rule",
    "not-applied",
    "object-moved-safely",
    "object-moved-to-who-comes-first",
    "object-moved-from-who-comes-first",
    "kustomization-renamed",
    "labels-for-all",
    "waiting-for-what-fails",
    "kustomization-left-alone",
    "stateful-set-removed",
    "replicas-released",
    "autoscaler-down-to-nothing",
    "the-entry-removes-itself",
)
Fated = tuple[ResourceId, str, Action, Fate]
State = dict[str, JsonObject | None]


def fleet_of(change: str | None) -> Files:
    """Return the files of one cluster, with a change; without the chart, which isn't what is looked at."""
    files = reviewed_fleet()
    if change is not None:
        CHANGES[change](files)
    kept = {name: text for name, text in files.items() if "production" not in name and "cache" not in name}
    kept["data/kustomization.yaml"] = kept["data/kustomization.yaml"].replace("  - cache.yaml\n", "")
    return kept


def written(root: Path, files: Files) -> Path:
    """Write files below a directory, as a repository."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    git = ("git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@example.com")
    for command in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "the fleet")):
        subprocess.run((*git, *command), check=True)
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the fleet that the changes are made to."""
    return written(tmp_path_factory.mktemp("fates") / "base", fleet_of(None))


@pytest.fixture(scope="module")
def live(root: Path) -> Iterator[LiveCluster]:
    """Start a cluster whose Flux follows the fleet."""
    try:
        running = provider("hermetic").start(Wish("fates", workloads=True, flux=True))
    except LiveError as error:
        pytest.skip(f"no cluster can be started: {error}")
    with closing(LiveCluster(running, load(root)[CLUSTER], root)) as cluster:
        cluster.bootstrap()
        cluster.wait_ready()
        yield cluster


@pytest.mark.parametrize("change", NAMES)
def test_objects_meet_the_fate_that_a_review_tells(change: str, live: LiveCluster, root: Path, tmp_path: Path) -> None:
    told = list(fates(root, written(tmp_path / "head", fleet_of(change))))
    try:
        meet(live, change, told)
    except NotAsExpectedError:
        # A commit reaches a Kustomization and the one that declares it at once: on a busy machine the former may go by
        # what it was before, which is Flux's race, and no fate.
        restore(live, change)
        meet(live, change, told)
    finally:
        if change != NAMES[-1]:
            restore(live, change)


def meet(live: LiveCluster, change: str, told: list[Fated]) -> None:
    """Commit a change, and see the objects meet their fates and stay so."""
    before = state(live, told)
    apply(live, fleet_of(None), fleet_of(change))
    live.wait_until(lambda: not wrong(told, before, state(live, told)), f"{change}: {told}", seconds=SECONDS)
    sleep(CALM)
    assert wrong(told, before, state(live, told)) == []


def fates(base: Path, head: Path) -> Iterator[Fated]:
    """Yield what a review says becomes of the objects that are in the cluster or come to be."""
    comparison = with_refusals(compare(load(base), load(head)), SchemaJudge())
    (cluster,) = comparison.clusters
    holding = Holding(cluster)
    for change in cluster.changes:
        if change.id.group == "source.toolkit.fluxcd.io":
            continue  # The harness has sources of its own.
        fate = holding.fate(change)
        lost = any(refusal.invalid for refusal in cluster.refusals.get(change, ()))
        # A generated object under a new hash is a new one in the cluster.
        action = Action.ADDED if change.renamed else change.action
        yield change.id, change.held.resource.api_version, action, Fate.PRUNED if lost else fate


def apply(live: LiveCluster, base: Files, head: Files) -> None:
    """Commit the change."""
    for name in base.keys() | head.keys():
        if base.get(name) != head.get(name):
            live.write(name, head.get(name))
    live.commit()


def restore(live: LiveCluster, change: str) -> None:
    """Go back to the fleet as it was, by force where the change was made by force."""
    if change.endswith("by-force"):
        file = f"clusters/{CLUSTER}/apps.yaml"
        forced = {**fleet_of(None), file: fleet_of(change)[file]}
        apply(live, fleet_of(change), forced)
        live.wait_ready("apps")
    live.reset()


def state(live: LiveCluster, told: list[Fated]) -> State:
    """Return the objects as the cluster has them."""
    return {str(id): live.get(str(id), version) for id, version, _, _ in told}


def wrong(told: list[Fated], before: State, after: State) -> list[str]:
    """Return what is not as it was told."""
    return [
        f"{id} is not {fate.value}"
        for id, _, action, fate in told
        if not _is_so(action, fate, before[str(id)], after[str(id)])
    ]


def _is_so(action: Action, fate: Fate, before: JsonObject | None, after: JsonObject | None) -> bool:
    if fate is Fate.PRUNED:
        return after is None
    if action is Action.ADDED:
        return after is not None
    if before is None or after is None:
        return False
    same = before["metadata"]["uid"] == after["metadata"]["uid"]
    if fate is Fate.RECREATED:
        return not same
    if fate is Fate.APPLIED and action is not Action.REMOVED:
        return same and _content(before) != _content(after)
    return same and _content(before) == _content(after)


def _content(obj: JsonObject) -> JsonObject:
    """Return what Git says of an object, its owner's labels included."""
    content = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    return {**content, "labels": obj["metadata"].get("labels")}
