"""Every rule judges its own examples as it says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pytest_gitops import load
from pytest_gitops.checks import FleetIndex, Rule, Violation, built_in
from pytest_gitops.checks.examples import violations
from pytest_gitops.checks.judging import judge
from pytest_gitops.review import examples as review

RULES = [rule for rule in built_in() if rule.function is not None]
PASSING = [pytest.param(rule, text, id=f"{rule.id}-{n}") for rule in RULES for n, text in enumerate(rule.passing)]
FAILING = [pytest.param(rule, text, id=f"{rule.id}-{n}") for rule in RULES for n, text in enumerate(rule.failing)]

ENTRY = """\
# Flux Version: v2.8.3
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: "https://github.com/example-org/fleet-infra", ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1h, prune: true, path: ./clusters/example, sourceRef: {kind: GitRepository, name: flux-system}}
"""


def judged(rule: Rule, text: str, root: Path) -> list[Violation]:
    """Return what the rule says; of an example with substitution, of what Flux 2.8 would make of it."""
    if rule.check == "review":
        return review.violations(rule, text)
    if "postBuild" not in text:
        return violations(rule, text)
    kustomization, *objects = text.split("\n---\n")
    path = yaml.safe_load(kustomization)["spec"]["path"]
    for name, content in {
        "clusters/example/flux-system/gotk-components.yaml": ENTRY,
        "clusters/example/example.yaml": kustomization,
        f"{path}/example.yaml": "\n---\n".join(objects),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    return [hit.violation for hit in judge(FleetIndex(load(root)), [rule])]


@pytest.mark.parametrize(("rule", "text"), PASSING)
def test_a_passing_example_passes(rule: Rule, text: str, tmp_path: Path) -> None:
    assert judged(rule, text, tmp_path) == []


@pytest.mark.parametrize(("rule", "text"), FAILING)
def test_a_failing_example_fails_once(rule: Rule, text: str, tmp_path: Path) -> None:
    assert len(judged(rule, text, tmp_path)) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_examples_of_both_kinds_and_says_what_to_do(rule: Rule) -> None:
    assert rule.passing
    assert rule.failing
    assert rule.remedy
    assert rule.source.startswith("https://")
