"""What a real API server says of every cluster's objects, as hits of the ``apply`` rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from pytest_gitops.checks.context import ClusterIndex, FleetIndex, Owned
from pytest_gitops.checks.live import server_rules
from pytest_gitops.checks.results import Hit, Item, Untried
from pytest_gitops.checks.rule import Rule, Violation
from pytest_gitops.exceptions import LiveError, NotNamedError
from pytest_gitops.live.api import Api, ApiError
from pytest_gitops.live.applying import Application, Homeless, Refused, Removed, Verdict
from pytest_gitops.live.errors import contended, said
from pytest_gitops.live.plan import Plan
from pytest_gitops.live.provider import Provider, Running, Wish
from pytest_gitops.live.stand_ins import with_older_versions
from pytest_gitops.model import LiveRun, Resource, Severity, group_of
from pytest_gitops.review.comparison import Comparison

_RULES = {rule.id: rule for rule in vars(server_rules).values() if isinstance(rule, Rule)}
_LISTED = 12
CHECK = server_rules.invalid.check


@dataclass(frozen=True, slots=True)
class ApplyJudge:
    """Starts an API server for each cluster, one after the other, and asks it; yields hits of the rules that are on.

    With ``comparison``, the objects of its base are applied first, so that the server tells what can't be changed or
    pruned; in a cluster that is only asked, what it holds takes their place. Where no API server can be had, that is an
    error of its own.
    """

    provider: Provider
    comparison: Comparison | None = None

    def __call__(self, index: FleetIndex, rules: Sequence[Rule]) -> Iterator[Hit | Untried | LiveRun]:
        """Yield a hit for each complaint of a rule that is among ``rules``, and what was asked or could not be."""
        active = {rule.id: rule for rule in rules if rule.id in _RULES}
        targets = [target for cluster in index.clusters for target in cluster.targets.values()] if active else []
        for target in targets:
            try:
                yield from self._judged(target, active)
            except (ApiError, LiveError) as error:
                yield from _unavailable(target, active, str(error))

    def _judged(self, target: ClusterIndex, rules: dict[str, Rule]) -> Iterator[Hit | Untried | LiveRun]:
        try:
            running = self.provider.start(Wish(target.name, cluster=target.cluster, remote=target.remote))
        except NotNamedError as error:
            yield from (Untried(Item(CHECK, target.name, part.name), str(error)) for part in target.parts)
            return
        with closing(running):
            yield from _Run(running, self._plan(target), rules).hits()
            yield LiveRun(CHECK, target.name, running.description)

    def _plan(self, target: ClusterIndex) -> Plan:
        compared = self.comparison.clusters if self.comparison else ()
        return Plan(target, next((cluster for cluster in compared if cluster.name == target.name), None))


class _Run:
    """One cluster's objects and one API server."""

    def __init__(self, running: Running, plan: Plan, rules: dict[str, Rule]) -> None:
        self._only_asks = running.is_only_asked
        api = Api(running.kubeconfig, running.context, only_asks=self._only_asks)
        self._version = api.version
        self._application = Application(api)
        self._plan = plan
        self._cluster = plan.cluster
        self._rules = rules
        self._kept: list[Verdict] = []
        written = [*plan.held, *(owned.resource for owned in plan.tried)]
        self._definitions = with_older_versions(running.definitions(), written)
        self._owned = {id(owned.resource): owned for owned in plan.tried}

    def hits(self) -> Iterator[Hit]:
        """Yield what the server says, each object's complaints together."""
        told: set[int] = set()
        unknown: Counter[str] = Counter()
        homeless: Counter[str] = Counter()
        for verdict in self._verdicts():
            if id(verdict.resource) in told:
                continue
            told.add(id(verdict.resource))
            if isinstance(verdict, Refused):
                yield from self._refused(verdict)
            elif isinstance(verdict, Homeless):
                homeless[verdict.resource.namespace] += 1
            elif isinstance(verdict, Removed) or self._is_undone(verdict.resource):
                yield from self._removed(verdict)
            else:
                unknown[f"{verdict.resource.kind} ({verdict.resource.api_version})"] += 1
        yield from self._unprunable()
        yield from () if self._only_asks else self._contended()
        nobody = "the cluster doesn't serve" if self._only_asks else "nothing defines"
        yield from self._untried(unknown, f"of kinds that {nobody}", "kinds")
        yield from self._untried(homeless, "in namespaces that the cluster doesn't have", "namespaces")

    def _verdicts(self) -> Iterator[Verdict]:
        """Yield what is said of the objects: base's are there, and those that the change prunes are gone."""
        resources = [owned.resource for owned in self._plan.tried]
        if self._only_asks:
            yield from self._application.ask(resources)
            return
        if self._plan.held:
            list(self._application.prepare(self._plan.held, self._definitions))
            list(self._application.establish(self._plan.held))
        yield from self._application.prepare(resources, self._definitions)
        self._kept = list(self._application.prune([pruned.resource for pruned in self._plan.pruned]))
        yield from self._application.try_out(resources)

    def _refused(self, verdict: Refused) -> Iterator[Hit]:
        resource = verdict.resource
        owned = self._owned[id(resource)]
        for rule, message, path in said(verdict.error, resource.object):
            if active := self._rules.get(rule.id):
                violation = Violation(f"{resource.kind} {resource.name}: {message}", path, resource)
                yield Hit(active, violation, self._cluster, owned.owner, resource)

    def _is_undone(self, resource: Resource) -> bool:
        return (group_of(resource.api_version), resource.kind) in self._plan.undefined

    def _removed(self, verdict: Verdict) -> Iterator[Hit]:
        """Yield that an object's version is gone; of a cluster that is older than this server, that is no error."""
        if rule := self._rules.get(server_rules.removed.id):
            resource = verdict.resource
            message = f"{resource.kind} {resource.name}: {self._why_removed(verdict)}"
            severity = Severity.INFO if self._plan.is_older_than(self._version) else None
            violation = Violation(message, ("apiVersion",), resource, severity=severity)
            yield Hit(rule, violation, self._cluster, self._owned[id(resource)].owner, resource)

    def _why_removed(self, verdict: Verdict) -> str:
        if self._is_undone(verdict.resource):
            return "the change prunes the CustomResourceDefinition of its kind"
        version = verdict.resource.api_version
        others = " and ".join(verdict.others) if isinstance(verdict, Removed) else ""
        return f"{version} is not served by Kubernetes {self._version}{f'; {others} is' if others else ''}"

    def _unprunable(self) -> Iterator[Hit]:
        """Yield what can't be deleted though the change has Flux do it, at its place in the base."""
        by_resource = {id(pruned.resource): pruned for pruned in self._plan.pruned}
        for verdict in self._kept:
            if isinstance(verdict, Refused) and (rule := self._rules.get(server_rules.unprunable.id)):
                resource = verdict.resource
                message = next(message for _rule, message, _path in said(verdict.error, resource.object))
                violation = Violation(f"{resource.kind} {resource.name} can't be pruned: {message}", (), resource)
                teller = self._plan.teller(by_resource[id(resource)].part)
                yield Hit(rule, violation, self._plan.base, teller, resource)

    def _contended(self) -> Iterator[Hit]:
        # To see that two contend for an object, the first one's is put there.
        for first, second in () if self._only_asks else self._plan.contended:
            error = self._application.contend(first.resource, second.resource)
            if error and (rule := self._rules.get(server_rules.conflict.id)):
                for path in contended(error, second.resource.object):
                    yield _conflict(rule, self._cluster, first, second, path)

    def _untried(self, counts: Counter[str], which: str, noun: str) -> Iterator[Hit]:
        if counts and (rule := self._rules.get(server_rules.unavailable.id)):
            listed = ", ".join(f"{count} {kind}" for kind, count in counts.most_common(_LISTED))
            more = f" and {len(counts) - _LISTED} more {noun}" if len(counts) > _LISTED else ""
            message = f"{counts.total()} objects {which} were not tried: {listed}{more}"
            yield Hit(rule, Violation(message), self._cluster)


def _conflict(rule: Rule, cluster: ClusterIndex, first: Owned, second: Owned, path: tuple[str | int, ...]) -> Hit:
    field = ".".join(map(str, path))
    text = f"{second.resource.kind} {second.resource.name}: {first.owner.name} applies another value of {field}"
    return Hit(rule, Violation(text, path, second.resource), cluster, second.owner, second.resource)


def _unavailable(cluster: ClusterIndex, rules: dict[str, Rule], message: str) -> Iterator[Hit | Untried]:
    """Yield why nothing of a cluster was tried, once; its other items are skipped."""
    parts = [part for part in cluster.parts if part.rendered is not None]
    if parts and (rule := rules.get(server_rules.unavailable.id)):
        remedy = "Make the cluster's programs available, or leave out --gitops-apply."
        violation = Violation(f"no object was applied: {message}", severity=Severity.ERROR, remedy=remedy)
        yield Hit(rule, violation, cluster, parts.pop(0))
    yield from (Untried(Item(CHECK, cluster.name, part.name), "no object was applied") for part in parts)
