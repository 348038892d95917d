"""What an API server says of faults that only it can tell, each found at its place, and of a clean fleet."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from apply_faults import FAULTS, NEW, Fault, fleet_files
from fleet_files import Files, bootstrap, kustomization, overlay, write_files

from pytest_gitops import load
from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.live import server_rules
from pytest_gitops.checks.results import Results
from pytest_gitops.checks.rule import Rule
from pytest_gitops.checks.running import run
from pytest_gitops.checks.selection import Selection
from pytest_gitops.live.apply_judge import ApplyJudge
from pytest_gitops.live.hermetic.programs import Programs
from pytest_gitops.live.providers import provider
from pytest_gitops.model import LiveRun, Severity
from pytest_gitops.review.comparing import compare

RULES = [rule for rule in vars(server_rules).values() if isinstance(rule, Rule)]
Ask = Callable[[Path, Files, Files | None], Results]


def ask(root: Path, files: Files, base: Files | None = None) -> Results:
    """Return all that an API server says of a fleet, where it holds another one already."""
    head = FleetIndex(load(write_files(root / "head", files)))
    compared = compare(FleetIndex(load(write_files(root / "base", base))), head) if base else None
    return run(head, RULES, Selection(checks=("apply",)), ApplyJudge(provider("hermetic"), compared))


def told(results: Results) -> list[tuple[str, str, str]]:
    return [(f.rule, str(f.location), f.message) for f in results.findings]


@pytest.fixture(scope="module")
def faulty(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What is said of a change that makes all faults at once; they are of different objects."""
    return ask(tmp_path_factory.mktemp("faulty"), fleet_files(*FAULTS), fleet_files(without=NEW))


def test_a_clean_fleet_gives_no_finding(programs: Programs, tmp_path: Path) -> None:
    results = ask(tmp_path, fleet_files(), fleet_files(without=NEW))

    assert told(results) == []
    (live,) = results.live
    assert live == LiveRun("apply", "production", live.description)
    assert live.description.startswith("hermetic cluster (Flux ")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_told_at_its_place(fault: Fault, faulty: Results) -> None:
    said = [message for rule, place, message in told(faulty) if (rule, place) == (fault.rule, fault.place)]

    assert len(said) == 1
    assert fault.words in said[0]
    assert "\n" not in said[0]


def test_nothing_else_is_told(faulty: Results) -> None:
    wanted = sorted((fault.rule, fault.place) for fault in FAULTS)

    assert sorted((rule, place) for rule, place, _message in told(faulty)) == wanted
    assert {finding.severity for finding in faulty.findings} == {Severity.ERROR}


def shop(*names: str, **texts: str) -> Files:
    """Return a fleet with these of the usual objects and others."""
    kept = {
        name: text for name, text in fleet_files().items() if name.rpartition("/")[2] in {f"{n}.yaml" for n in names}
    }
    own = {f"apps/shop/{name}.yaml": text for name, text in texts.items()}
    files = {name: text for name, text in (kept | own).items() if name.startswith("apps/shop/")}
    return {
        **bootstrap("production"),
        "clusters/production/shop.yaml": kustomization("shop", "./apps/shop"),
        "apps/shop/kustomization.yaml": overlay(*(name.rpartition("/")[2] for name in files)),
        **files,
    }


def test_a_kind_that_nothing_defines_is_said_to_be_untried(programs: Programs, tmp_path: Path) -> None:
    assert told(ask(tmp_path, shop("shop", "backup"))) == [
        (
            "apply-unavailable",
            "None",
            "1 objects of kinds that nothing defines were not tried: 1 Backup (example.com/v1)",
        )
    ]


def test_what_flux_does_not_apply_or_makes_anew_is_not_told(programs: Programs, tmp_path: Path) -> None:
    faults = {fault.file: fault for fault in FAULTS}
    held = fleet_files()
    changed = {}
    annotations = {"deployment": "force: enabled", "config": "ssa: Ignore", "secret": "reconcile: disabled"}
    for name, annotation in annotations.items():
        fault, text = faults[name], held[f"apps/shop/{name}.yaml"]
        assert fault.after is not None
        changed[name] = text.replace(fault.before, fault.after).replace(
            "metadata:\n", f"metadata:\n  annotations:\n    kustomize.toolkit.fluxcd.io/{annotation}\n", 1
        )

    results = ask(tmp_path, shop("shop", **changed), shop("shop", *annotations))

    assert told(results) == []


def test_a_version_that_an_older_cluster_serves_is_no_error(programs: Programs, tmp_path: Path) -> None:
    budget = fleet_files()["apps/shop/budget.yaml"].replace("policy/v1", "policy/v1beta1")
    files = shop("shop", budget=budget)
    files[".pytest-gitops.yaml"] = 'clusters:\n  production:\n    kubernetes-version: "1.24"\n'

    (finding,) = ask(tmp_path, files).findings

    assert (finding.rule, finding.severity) == ("apply-removed", Severity.INFO)


def test_addresses_and_ports_of_other_ranges_are_taken(programs: Programs, tmp_path: Path) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: dns\n  namespace: shop\nspec:\n"
    ports = "  ports:\n    - port: 53\n"
    address = f"{service}  clusterIP: 10.43.0.10\n{ports}"
    port = f"{service}  type: NodePort\n{ports}      nodePort: 8053\n".replace("dns", "node")
    both = f"{service}  ipFamilyPolicy: RequireDualStack\n{ports}".replace("dns", "both")

    assert told(ask(tmp_path, shop("shop", address=address, port=port, both=both))) == []


def test_items_ask_the_server_that_the_option_names(
    programs: Programs, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = shop("shop", "replicas-policy", "scaled")
    files["apps/shop/scaled.yaml"] = files["apps/shop/scaled.yaml"].replace("replicas: 3", "replicas: 5")
    write_files(pytester.path, files)
    subprocess.run(["git", "init", "-q"], cwd=pytester.path, check=True)
    monkeypatch.setenv("COLUMNS", "160")

    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-apply=hermetic", "--gitops-check=apply")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "apps/shop/scaled.yaml:1: Deployment scaled: ValidatingAdmissionPolicy*: no more than three replicas",
            "  in Deployment/shop/scaled",
            "  remedy: Change the object as the policy asks, or the policy.",
            "  rule: apply-denied",
        ],
        consecutive=True,
    )
    result.stdout.fnmatch_lines(["note: apply of production in a hermetic cluster (Flux *, kubernetes *)"])
