"""Review rules judged on YAML text: what a cluster holds, and after the line ``# after the change`` what it will."""

from __future__ import annotations

from dataclasses import replace

from pytest_gitops.checks import examples
from pytest_gitops.checks.rule import Rule, Violation
from pytest_gitops.model import Fleet, Kustomization
from pytest_gitops.review.comparing import compare
from pytest_gitops.review.judging import ReviewJudge

AFTER = "# after the change"


def violations(rule: Rule, text: str) -> list[Violation]:
    """Return what a review rule says of the change from the YAML above ``# after the change`` to that below.

    Both sides are made as ``checks.examples.fleet`` says; every Kustomization of an example prunes, the entry too,
    where its own object doesn't say otherwise.
    """
    before, _, after = text.partition(AFTER)
    comparison = compare(_fleet(before), _fleet(after))
    return [hit.violation for hit in ReviewJudge(comparison)(comparison.head, [rule])]


def _fleet(text: str) -> Fleet:
    fleet = examples.fleet(text)
    cluster = fleet.clusters[0]
    kustomizations = tuple(_pruning(kustomization) for kustomization in cluster.kustomizations)
    return replace(fleet, clusters=(replace(cluster, kustomizations=kustomizations),))


def _pruning(kustomization: Kustomization) -> Kustomization:
    spec = {"prune": True, **kustomization.spec}
    return replace(kustomization, object={**kustomization.object, "spec": spec})
