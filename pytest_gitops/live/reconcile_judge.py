"""What real Flux controllers make of every cluster, as hits of the ``reconcile`` rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from pytest_gitops.live.knowing import unknowable
from pytest_gitops.live.provider import Provider
from pytest_gitops.live.scenario import LiveCluster, started
from pytest_gitops.live.settling import End, State, settle
from pytest_gitops.live.spokes import elsewhere
from pytest_gitops.model import HelmRelease, Kustomization, LiveRun, Moment, Part, Rendered, Resource, Severity
from pytest_gitops.objects import mapping

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
            untried = dict(_untried(cluster, self.provider.reaches_others))
            for name, reason in untried.items():
                yield Untried(Item(CHECK, cluster.name, name), reason)
            parts = {
                part.name: part
                for part in cluster.cluster.parts
                if isinstance(part.outcome, Rendered) and part.name not in untried
            }
            try:
                yield from self._judged(cluster, parts, active)
            except (ApiError, LiveError) as error:
                yield from _unavailable(cluster, list(parts.values()), active, str(error))

    def _judged(
        self, cluster: ClusterIndex, parts: Mapping[str, Part], rules: Mapping[str, Rule]
    ) -> Iterator[Hit | Untried | LiveRun]:
        live = started(self.provider, cluster.cluster, self.root, self.told)
        try:
            reasons = dict(_unknowable(cluster, parts.values(), live))
            ends = settle(live, {name: part.parent for name, part in parts.items()}, self.seconds, reasons)
            for part, end in ends.items():
                yield from _said(cluster, parts[part], end, rules, partial(_explained, live, part))
            yield live.run
        finally:
            live.close()


def _unknowable(cluster: ClusterIndex, parts: Iterable[Part], live: LiveCluster) -> Iterator[tuple[str, str]]:
    """Yield the parts that may wait in vain, with the reason: only where operators and the like don't run."""
    for part in parts if live.simulates else ():
        reason = unknowable(cluster, part, live.ruled)
        if reason is not None:
            yield part.name, reason


def _untried(cluster: ClusterIndex, reaches_others: bool) -> Iterator[tuple[str, str]]:
    """Yield the parts that aren't expected to become Ready here, each with the reason."""
    others = elsewhere(cluster.cluster)
    for part in cluster.cluster.parts:
        reason = _why_not(part, part.name in others, reaches_others)
        if reason is not None:
            yield part.name, reason


def _why_not(part: Part, is_elsewhere: bool, reaches_others: bool) -> str | None:
    """Return why a part isn't expected to become Ready here, None where it is."""
    if part.suspended:
        return "it is suspended"
    if not isinstance(part, Kustomization | HelmRelease):
        return "Flux's own controllers don't reconcile it"
    if is_elsewhere:
        return "it is an object of another cluster, where no Flux runs here"
    if remote_of(part) and not (reaches_others and mapping(part.spec, "kubeConfig", "secretRef")):
        return "it applies to another cluster, which is not started here"
    if part.rendered is not None and any("sops" in resource.object for resource in part.rendered):
        return "it holds what can't be decrypted here"
    return None


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


def _unavailable(
    cluster: ClusterIndex, parts: Sequence[Part], rules: Mapping[str, Rule], message: str
) -> Iterator[Hit | Untried]:
    if rule := rules.get(flux_rules.unready.id):
        text = f"nothing was reconciled: {message}"
        remedy = "Make the cluster's programs available, or leave out --gitops-reconcile."
        for part in parts[:1]:
            yield Hit(rule, Violation(text, severity=Severity.ERROR, remedy=remedy), cluster, part)
        for part in parts[1:]:
            yield Untried(Item(CHECK, cluster.name, part.name), "nothing was reconciled")
