"""Lets every rule look at what it is about: objects by kind, Kustomizations, clusters, files."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import ClusterIndex, Context, FleetIndex, Owned
from pytest_gitops.checks.results import Hit
from pytest_gitops.checks.rule import Rule, Scope, Violation
from pytest_gitops.discovery.declaration import is_archived
from pytest_gitops.model import (
    Location,
    Part,
    Resource,
    Severity,
)

# Sets that judge how charts are made by others only where the user asks for it.
STYLE = ("recommended", "strict")


def judge(index: FleetIndex, rules: Sequence[Rule], *, foreign: bool = False) -> Iterator[Hit]:
    """Yield what rules with a function of their own say about all they look at.

    ``foreign`` says that the sets recommended and strict look at charts that are not in the repository too.
    """
    apart = [] if foreign else [rule for rule in rules if rule.set in STYLE]
    for hit in _all(index, rules, _Dispatch(rules), _Dispatch([r for r in rules if r not in apart])):
        subject = hit.subject
        if hit.rule not in apart or not isinstance(subject, Resource) or subject.template is None:
            yield hit


def _all(index: FleetIndex, rules: Sequence[Rule], own: _Dispatch, foreign: _Dispatch) -> Iterator[Hit]:
    for cluster in index.clusters:
        for target in cluster.targets.values():
            yield from _resources(target, own, foreign)
            yield from _kustomizations(target, [r for r in rules if r.scope is Scope.KUSTOMIZATION])
        yield from _cluster(cluster, [r for r in rules if r.scope is Scope.CLUSTER])
    yield from _files(index, [r for r in rules if r.scope is Scope.FILE])


def judged(rule: Rule, subject: object, context: object) -> Iterator[Violation]:
    """Yield what a rule says; one that breaks says so, and takes no other down with it."""
    try:
        for said in rule(subject, context) or ():
            yield Violation(said) if isinstance(said, str) else said
    except Exception as error:
        message = f"the rule {rule.id} broke: {type(error).__name__}: {error}"
        remedy = "Mend the rule; until then, nothing is known about what it looks at."
        yield Violation(message, remedy=remedy, severity=Severity.ERROR)


class _Dispatch:
    """The resource rules by the kind they look at, so that an object meets its own rules only."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._for_all: list[Rule] = []
        self._by_kind: dict[str, list[tuple[str | None, Rule]]] = defaultdict(list)
        for rule in rules:
            if rule.scope is not Scope.RESOURCE or rule.function is None:
                continue
            if "*" in rule.kinds:
                self._for_all.append(rule)
                continue
            for name, group in map(kinds.split, rule.kinds):
                self._by_kind[name].append((group, rule))

    def __call__(self, resource: Resource) -> Iterator[Rule]:
        yield from self._for_all
        for group, rule in self._by_kind.get(resource.id.kind, ()):
            if group is None or group == resource.id.group:
                yield rule


def _resources(cluster: ClusterIndex, own: _Dispatch, foreign: _Dispatch) -> Iterator[Hit]:
    for owned in cluster.resources:
        rules = list((foreign if owned.foreign else own)(owned.resource))
        if not rules:
            continue
        context = Context(cluster, owned.owner)
        for rule in rules:
            for violation in judged(rule, owned.resource, context):
                yield _hit(rule, violation, cluster, owned)


def _kustomizations(cluster: ClusterIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
    for kustomization in cluster.kustomizations:
        context = Context(cluster, kustomization)
        for rule in rules:
            for violation in judged(rule, kustomization, context):
                subject = violation.subject or kustomization
                yield Hit(rule, violation, cluster, kustomization, subject)


def _cluster(cluster: ClusterIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
    for rule in rules:
        for violation in judged(rule, cluster, cluster):
            yield Hit(rule, violation, cluster, _owner(cluster, violation.subject), violation.subject)


def _files(index: FleetIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
    readers = _Readers(index)
    for rule in rules:
        for file in index.files.matching(rule.files):
            if rule.contains and not re.search(rule.contains, file.text, re.MULTILINE):
                continue
            for violation in judged(rule, file, index):
                placed = violation if violation.location else replace(violation, location=Location(file.path))
                for reader in readers.of(file.path):
                    told = _mild(rule, placed) if reader is _NOBODY and is_archived(file.path) else placed
                    yield replace(reader, rule=rule, violation=told)


def _mild(rule: Rule, violation: Violation) -> Violation:
    """Return a violation as the warning that it is at most in an archive, which no cluster reads."""
    severity = violation.severity or rule.severity
    return replace(violation, severity=Severity.WARNING) if severity is Severity.ERROR else violation


_NOBODY = Hit(Rule("", "", "", Severity.INFO, "", "", ""), Violation(""), None)


class _Readers:
    """Which parts of clusters, and which overlays, read a file."""

    def __init__(self, index: FleetIndex) -> None:
        self._index = index
        self._readers: dict[str, list[Hit]] | None = None

    def of(self, path: str) -> Sequence[Hit]:
        """Return hits that lack all but their reader; one without any where nothing reads the file."""
        if self._readers is None:
            self._readers = self._all()
        return self._readers.get(path) or [_NOBODY]

    def _all(self) -> dict[str, list[Hit]]:
        found: dict[str, list[Hit]] = defaultdict(list)
        for cluster in self._index.clusters:
            for part in cluster.cluster.parts:
                for path in part.rendered.reads if part.rendered else ():
                    found[path].append(replace(_NOBODY, cluster=cluster, part=part))
        for overlay in self._index.fleet.overlays:
            for path in overlay.rendered.reads if overlay.rendered else ():
                found[path].append(replace(_NOBODY, overlay=overlay))
        return found


def _hit(rule: Rule, violation: Violation, cluster: ClusterIndex, owned: Owned) -> Hit:
    return Hit(rule, violation, cluster, owned.owner, violation.subject or owned.resource)


def _owner(cluster: ClusterIndex, subject: Resource | Part | None) -> Part | None:
    if isinstance(subject, Resource):
        owners = (owned for target in cluster.targets.values() for owned in target.owners(subject.id))
        return next((owned.owner for owned in owners if owned.resource is subject), None)
    return subject
