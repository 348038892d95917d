"""What real Flux controllers make of every cluster, as hits of the ``reconcile`` rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pytest_gitops.checks.context import ClusterIndex, FleetIndex, remote_of
from pytest_gitops.checks.live import flux_rules
from pytest_gitops.checks.results import Hit, Item, Untried
from pytest_gitops.checks.rule import Rule, Violation
from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import ApiError
from pytest_gitops.live.explaining import explained
from pytest_gitops.live.provider import Provider, Wish
from pytest_gitops.live.scenario import LiveCluster, followed
from pytest_gitops.live.settling import End, State, settle
from pytest_gitops.model import HelmRelease, Kustomization, LiveRun, Moment, Part, Rendered, Resource, Severity

CHECK = "reconcile"
SECONDS = 300.0
_RULES = {rule.id: rule for rule in vars(flux_rules).values() if isinstance(rule, Rule)}
# How Flux names an object: `Deployment/web/web dry-run failed`, `[Deployment/web/web status: 'Failed']`.
_NAMED = re.compile(r"\b([A-Z][A-Za-z]+)/(?:([a-z0-9.-]+)/)?([a-z0-9.:-]+)(?= dry-run failed| status:| )")
Told = Callable[[str, Moment], None]


@dataclass(frozen=True, slots=True)
class ReconcileJudge:
    """Has Flux follow the working tree in a cluster of its own for each cluster, one after the other.

    ``told`` is called with each thing that becomes Ready, or doesn't. Where no cluster can be had, that is an error of
    its own.
    """

    provider: Provider
    root: Path
    told: Told | None = None
    seconds: float = SECONDS

    def __call__(self, index: FleetIndex, rules: Sequence[Rule]) -> Iterator[Hit | Untried | LiveRun]:
        """Yield a hit for each part that doesn't become Ready, why others could not be tried, and what happened."""
        active = {rule.id: rule for rule in rules if rule.id in _RULES}
        for cluster in index.clusters if active else ():
            yield from _not_tried(cluster)
            try:
                yield from self._judged(cluster, active)
            except (ApiError, LiveError) as error:
                yield from _unavailable(cluster, active, str(error))

    def _judged(self, cluster: ClusterIndex, rules: Mapping[str, Rule]) -> Iterator[Hit | Untried | LiveRun]:
        parts = dict(_tried(cluster))
        told, name = self.told, cluster.name
        running = self.provider.start(Wish(name, workloads=True, flux=True, cluster=cluster.cluster))
        live = followed(
            running, cluster.cluster, self.root, told=None if told is None else lambda moment: told(name, moment)
        )
        try:
            ends = settle(live, {name: part.parent for name, part in parts.items()}, self.seconds)
            for part, end in ends.items():
                yield from _said(cluster, parts[part], end, rules, partial(_explained, live, part))
            yield live.run
        finally:
            live.close()


def _tried(cluster: ClusterIndex) -> Iterator[tuple[str, Part]]:
    for part in cluster.cluster.parts:
        is_tried = isinstance(part, Kustomization | HelmRelease) and isinstance(part.outcome, Rendered)
        if is_tried and not _why_not(cluster, part):
            yield part.name, part


def _not_tried(cluster: ClusterIndex) -> Iterator[Untried]:
    for part in cluster.cluster.parts:
        reason = _why_not(cluster, part)
        if reason:
            yield Untried(Item(CHECK, cluster.name, part.name), reason)


def _why_not(cluster: ClusterIndex, part: Part) -> str | None:
    """Return why a part isn't expected to become Ready here, None where it is."""
    if part.suspended:
        return "it is suspended"
    if not isinstance(part, Kustomization | HelmRelease):
        return "Flux's own controllers don't reconcile it"
    if _leaves(cluster, part):
        return "it applies to another cluster, which is not started here"
    if part.rendered is not None and any("sops" in resource.object for resource in part.rendered):
        return "it holds what can't be decrypted here"
    return None


def _leaves(cluster: ClusterIndex, part: Part) -> bool:
    """Tell whether a part, or one that declares it, applies to another cluster by a kubeConfig."""
    by_name = {each.name: each for each in cluster.cluster.parts}
    at: Part | None = part
    while at is not None:
        if remote_of(at):
            return True
        at = by_name.get(at.parent) if at.parent is not None else None
    return False


def _said(
    cluster: ClusterIndex, part: Part, end: End, rules: Mapping[str, Rule], why: Callable[[str], str]
) -> Iterator[Hit | Untried]:
    if end.state is State.WAITS:
        yield Untried(Item(CHECK, cluster.name, part.name), end.message)
    elif end.state is not State.READY:
        rule = rules.get((flux_rules.failed if end.state is State.FAILED else flux_rules.unready).id)
        if rule:
            told = f"{part.id.kind} {part.id.name}: {end.reason}: {end.message.strip()}".replace(": : ", ": ")
            subject = _named(part, end.message)
            message = told + why(end.message)
            yield Hit(rule, Violation(message), cluster, part, subject or part)


def _explained(live: LiveCluster, name: str, message: str) -> str:
    return explained(live, name, [(namespace, own) for _kind, namespace, own in _NAMED.findall(message)])


def _named(part: Part, message: str) -> Resource | None:
    """Return the object that Flux's message is about, where it names one of the part's."""
    for kind, namespace, name in _NAMED.findall(message):
        for resource in part.rendered or ():
            if (resource.kind, resource.name) == (kind, name) and namespace in ("", resource.namespace):
                return resource
    return None


def _unavailable(cluster: ClusterIndex, rules: Mapping[str, Rule], message: str) -> Iterator[Hit | Untried]:
    if rule := rules.get(flux_rules.unready.id):
        text = f"nothing was reconciled: {message}"
        remedy = "Make the cluster's programs available, or leave out --gitops-reconcile."
        parts = [part for _name, part in _tried(cluster)]
        for part in parts[:1]:
            yield Hit(rule, Violation(text, severity=Severity.ERROR, remedy=remedy), cluster, part)
        for part in parts[1:]:
            yield Untried(Item(CHECK, cluster.name, part.name), "nothing was reconciled")
