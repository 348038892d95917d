"""What Flux's controllers say of faults that only they can tell, each found at its place, and of what is well."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from fleet_files import write_files
from reconcile_faults import FAULTS, Fault, fleet_files

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
from pytest_gitops.model import Finding, Moment

RULES = [rule for rule in vars(flux_rules).values() if isinstance(rule, Rule)]
SIMULATED = "nodes, pods, load balancers, persistent volume claims"


@pytest.fixture(scope="module")
def faulty(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What is told of a fleet with all faults; each is in a Kustomization of its own."""
    root = write_files(tmp_path_factory.mktemp("faulty"), fleet_files(*FAULTS))
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    fleet = load(root)
    return run(
        FleetIndex(fleet), RULES, Selection(checks=("reconcile",)), ReconcileJudge(provider("hermetic"), fleet.root)
    )


def at(results: Results, fault: Fault) -> list[Finding]:
    return [finding for finding in results.findings if str(finding.location) == fault.at]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_told_at_its_place(fault: Fault, faulty: Results) -> None:
    (finding,) = at(faulty, fault)

    assert finding.rule == "reconcile-failed"
    assert fault.words in finding.message
    lines = finding.message.splitlines()
    assert any(line.startswith("  conditions: ") and "Ready=False" in line for line in lines)
    assert any(line.startswith("  event: ") for line in lines)


def test_nothing_else_is_told(faulty: Results) -> None:
    assert sorted(str(finding.location) for finding in faulty.findings) == sorted(fault.at for fault in FAULTS)


def test_what_waits_for_a_fault_says_for_what(faulty: Results) -> None:
    def waits(name: str) -> str | None:
        return faulty.untried(Item("reconcile", "production", f"flux-system/{name}"))

    assert {name: waits(name) for name in ("waiting", "unready", "closed")} == {
        "waiting": "dependency 'flux-system/rights' is not ready",
        "unready": "dependency 'flux-system/well' is not ready according to readyExpr eval",
        "closed": (
            "it waits for the status of Gate, whose operator doesn't run here; see live.conditions.Gate.example.com"
        ),
    }


def test_the_time_line_tells_how_each_came_to_its_end(faulty: Results) -> None:
    def ends(name: str) -> Moment:
        return faulty.timeline(Item("reconcile", "production", f"flux-system/{name}"))[-1]

    assert (ends("well").ready, ends("well").reason) == ("True", "ReconciliationSucceeded")
    assert (ends("rights").ready, ends("rights").reason) == ("False", "ReconciliationFailed")
    assert ends("foundation").seconds < ends("well").seconds


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "with workers"])
def test_items_tell_what_flux_made_of_them(
    installed: None, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    fault = FAULTS[0]
    write_files(pytester.path, fleet_files(fault))
    subprocess.run(["git", "init", "-q"], cwd=pytester.path, check=True)
    options = ("--gitops-report=report.json", "--junitxml=junit.xml", "--gitops-check=reconcile")

    result = pytester.runpytest_subprocess("--gitops-repo=.", *options, *workers, "-v", "--gitops-reconcile=hermetic")

    result.assert_outcomes(passed=3, failed=1, skipped=3)
    result.stdout.fnmatch_lines(
        [
            "apps/rights/object.yaml:1: Kustomization rights: ReconciliationFailed: ConfigMap/broken/rights dry-run*",
            "  conditions: *Ready=False ReconciliationFailed*",
            "  event: ReconciliationFailed: ConfigMap/broken/rights dry-run failed (Forbidden)*",
            "  in ConfigMap/broken/rights",
            "  remedy: Correct what Flux's condition names.",
            "  rule: reconcile-failed",
        ]
    )
    result.stdout.fnmatch_lines(
        [f"note: reconcile of production in a hermetic cluster (Flux *, kubernetes *); only simulated: {SIMULATED}"]
    )
    result.stdout.fnmatch_lines(["production *flux-system/well: ready, ReconciliationSucceeded: *"])
    (told,) = json.loads(Path("report.json").read_text(encoding="utf-8"))["live"]
    assert (told["check"], told["cluster"], ", ".join(told["simulated"])) == ("reconcile", "production", SIMULATED)
    assert {"flux-system/well", "flux-system/rights"} <= {moment["name"] for moment in told["timeline"]}
    junit = Path("junit.xml").read_text(encoding="utf-8")
    assert re.search('<property name="timeline" value="[0-9.]+ s  flux-system/well: ready, ReconciliationSucc', junit)
