"""Review rules judged on YAML text: what a cluster holds, and after the line ``# after the change`` what it will."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pytest_gitops.checks import examples
from pytest_gitops.checks.rule import Rule, Violation
from pytest_gitops.model import Fleet, HelmRelease, Kustomization, Location, Rendered
from pytest_gitops.review.comparing import compare
from pytest_gitops.review.judging import ReviewJudge
from pytest_gitops.review.updating import with_refusals
from pytest_gitops.validation import SchemaJudge

AFTER = "# after the change"
NO_CLUSTER = "# no cluster"


def violations(rule: Rule, text: str) -> list[Violation]:
    """Return what a review rule says of the change from the YAML above ``# after the change`` to that below.

    Both sides are made as ``checks.examples.fleet`` says; every Kustomization of an example prunes, the entry too,
    where its own object doesn't say otherwise. A side that is the comment ``# no cluster`` has none. The engine says
    what the API server refuses.
    """
    before, _, after = text.partition(AFTER)
    comparison = with_refusals(compare(_fleet(before), _fleet(after)), SchemaJudge())
    return [hit.violation for hit in ReviewJudge(comparison)(comparison.head, [rule])]


def _fleet(text: str) -> Fleet:
    fleet = examples.fleet(text)
    if text.strip() == NO_CLUSTER:
        return replace(fleet, clusters=())
    cluster = fleet.clusters[0]
    kustomizations = tuple(_pruning(kustomization) for kustomization in cluster.kustomizations)
    releases = tuple(_releases(kustomizations))
    return replace(fleet, clusters=(replace(cluster, kustomizations=kustomizations, helm_releases=releases),))


def _releases(kustomizations: Iterable[Kustomization]) -> Iterator[HelmRelease]:
    """Yield the HelmReleases that Kustomizations declare, as if their charts were empty."""
    for kustomization in kustomizations:
        for resource in kustomization.rendered or ():
            if resource.kind == "HelmRelease":
                place = Location(examples.FILE, 1)
                yield HelmRelease(resource.id, resource.object, place, Rendered(()), parent=kustomization.name)


def _pruning(kustomization: Kustomization) -> Kustomization:
    spec = {"prune": True, **kustomization.spec}
    return replace(kustomization, object={**kustomization.object, "spec": spec})
