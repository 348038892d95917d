"""What a real API server says of every cluster's objects, as hits of the ``apply`` rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from pytest_gitops.checks.context import ClusterIndex, FleetIndex, Owned, is_unknown
from pytest_gitops.checks.live import server_rules
from pytest_gitops.checks.results import Hit
from pytest_gitops.checks.rule import Rule, Violation
from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import Api
from pytest_gitops.live.applying import Application, Refused
from pytest_gitops.live.errors import said
from pytest_gitops.live.provider import Provider, Running, Wish
from pytest_gitops.model import JsonObject, Resource, Severity

_RULES = {rule.id: rule for rule in vars(server_rules).values() if isinstance(rule, Rule)}
_LISTED = 12


@dataclass(frozen=True, slots=True)
class ApplyJudge:
    """Starts an API server for each cluster, one after the other, and asks it; yields hits of the rules that are on.

    With ``base``, the objects of that revision are applied first, so that the server tells what can't be changed.
    Where no API server can be had, that is an error of its own.
    """

    provider: Provider
    base: FleetIndex | None = None

    def __call__(self, index: FleetIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
        """Yield a hit for each complaint of a rule that is among ``rules``."""
        active = {rule.id: rule for rule in rules if rule.id in _RULES}
        targets = [target for cluster in index.clusters for target in cluster.targets.values()] if active else []
        try:
            for target in targets:
                with closing(self.provider.start(Wish(target.name, cluster=target.cluster))) as running:
                    yield from _Run(running, target, active).hits(self._base_of(target))
        except LiveError as error:
            yield from _unavailable(active, f"no object was applied: {error}")

    def _base_of(self, target: ClusterIndex) -> Sequence[Resource]:
        for cluster in self.base.clusters if self.base else ():
            if cluster.name == target.name and target.remote in cluster.targets:
                return [owned.resource for owned in cluster.targets[target.remote].resources]
        return ()


class _Run:
    """One cluster's objects and one API server."""

    def __init__(self, running: Running, cluster: ClusterIndex, rules: dict[str, Rule]) -> None:
        self._definitions: list[JsonObject] = running.definitions()
        self._application = Application(Api(running.kubeconfig, running.context))
        self._cluster = cluster
        self._rules = rules
        # Of what stands for something unknown, or is encrypted, the server's complaint says nothing.
        self._owned = {id(owned.resource): owned for owned in cluster.resources if not _is_veiled(owned)}

    def hits(self, base: Sequence[Resource]) -> Iterator[Hit]:
        """Yield what the server says, each object's complaints together."""
        if base:
            list(self._application.prepare(base, self._definitions))
            list(self._application.establish(base))
        resources = [owned.resource for owned in self._owned.values()]
        verdicts = [*self._application.prepare(resources, self._definitions), *self._application.try_out(resources)]
        told = set()
        unknown: Counter[str] = Counter()
        for verdict in verdicts:
            if isinstance(verdict, Refused) and id(verdict.resource) not in told:
                told.add(id(verdict.resource))
                yield from self._refused(verdict)
            elif not isinstance(verdict, Refused):
                unknown[f"{verdict.resource.kind} ({verdict.resource.api_version})"] += 1
        yield from self._unknown(unknown)

    def _refused(self, verdict: Refused) -> Iterator[Hit]:
        resource = verdict.resource
        owned = self._owned[id(resource)]
        for rule, message, path in said(verdict.error, resource.object):
            if active := self._rules.get(rule.id):
                text = f"{resource.kind} {resource.name}: {message}"
                violation = Violation(text, path, resource)
                yield Hit(active, violation, self._cluster, owned.owner, resource)

    def _unknown(self, counts: Counter[str]) -> Iterator[Hit]:
        if counts and (rule := self._rules.get(server_rules.unavailable.id)):
            listed = ", ".join(f"{count} {kind}" for kind, count in counts.most_common(_LISTED))
            more = f" and {len(counts) - _LISTED} more kinds" if len(counts) > _LISTED else ""
            message = f"{counts.total()} objects of kinds that nothing defines were not tried: {listed}{more}"
            yield Hit(rule, Violation(message), self._cluster)


def _unavailable(rules: dict[str, Rule], message: str) -> Iterator[Hit]:
    if rule := rules.get(server_rules.unavailable.id):
        remedy = "Make the cluster's programs available, or leave out --gitops-apply."
        yield Hit(rule, Violation(message, severity=Severity.ERROR, remedy=remedy), None)


def _is_veiled(owned: Owned) -> bool:
    return is_unknown(owned.resource.text) or "sops" in owned.resource.object
