"""Lets every rule of the check ``review`` look at what it is about, and says where in which revision a hit lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import ClusterIndex, FleetIndex
from pytest_gitops.checks.judging import judged
from pytest_gitops.checks.results import Hit
from pytest_gitops.checks.rule import Rule, Scope, Violation
from pytest_gitops.model import Part, Resource
from pytest_gitops.review.comparison import Change, ClusterComparison, Comparison, Held, PartPair
from pytest_gitops.review.silence import Silence

CHECK = "review"


class ReviewJudge:
    """Judges a change by the rules of the check ``review``; a ``checks.results.Judge``.

    A rule's function is called with a Change (scope ``change``, and only those of its ``kinds``), a PartPair
    (``part-change``) or a ClusterComparison (``cluster-change``), and with the ClusterComparison as context. A
    violation is about the object as head has it, or base where head has none, unless its ``subject`` is another one:
    ``change.before.resource`` says that the place to look at is base's.
    """

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def __call__(self, index: FleetIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
        """Yield what the rules say of the change."""
        active = [rule for rule in rules if rule.check == CHECK]
        for cluster in self._comparison.clusters:
            yield from map(Silence(cluster), _all(cluster, active))


def _all(cluster: ClusterComparison, active: Sequence[Rule]) -> Iterator[Hit]:
    for change in cluster.changes:
        yield from _changes(cluster, change, [r for r in active if _concerns(r, change)])
    for pair in cluster.parts:
        yield from _parts(cluster, pair, [r for r in active if r.scope is Scope.PART_CHANGE])
    for rule in active:
        if rule.scope is Scope.CLUSTER_CHANGE:
            for violation in judged(rule, cluster, cluster):
                yield _hit(rule, violation, cluster, None)


def _concerns(rule: Rule, change: Change) -> bool:
    """Tell whether a rule looks at objects of a change's kind (``Namespace``, ``Cluster.postgresql.cnpg.io``)."""
    if rule.scope is not Scope.CHANGE:
        return False
    wanted = (kinds.split(kind) for kind in rule.kinds)
    id = change.id
    return "*" in rule.kinds or any(name == id.kind and group in (None, id.group) for name, group in wanted)


def _changes(cluster: ClusterComparison, change: Change, rules: Iterable[Rule]) -> Iterator[Hit]:
    for rule in rules:
        for violation in judged(rule, change, cluster):
            yield _hit(rule, violation, cluster, change.held, change.before)


def _parts(cluster: ClusterComparison, pair: PartPair, rules: Iterable[Rule]) -> Iterator[Hit]:
    for rule in rules:
        for violation in judged(rule, pair, cluster):
            subject = violation.subject or pair.part
            owner = pair.part if isinstance(subject, Part) else _owner(cluster, subject) or pair.part
            yield Hit(rule, violation, _side(cluster, owner), owner, subject)


def _hit(
    rule: Rule, violation: Violation, cluster: ClusterComparison, held: Held | None, before: Held | None = None
) -> Hit:
    subject = violation.subject or (held.resource if held else None)
    if held is not None and subject is held.resource:
        owner: Part | None = held.part
    elif before is not None and subject is before.resource:
        owner = before.part
    else:
        owner = subject if isinstance(subject, Part) else _owner(cluster, subject)
    return Hit(rule, violation, _side(cluster, owner), owner, subject)


def _owner(cluster: ClusterComparison, subject: Resource | None) -> Part | None:
    """Return the part that applies an object of either revision."""
    for index in (cluster.head, cluster.base):
        for target in index.targets.values() if index and subject else ():
            for owned in target.resources:
                if owned.resource is subject:
                    return owned.owner
    return None


def _side(cluster: ClusterComparison, part: Part | None) -> ClusterIndex | None:
    """Return the cluster at the revision that a part is of; head's where it is of both or of none."""
    parts = cluster.head.cluster.parts if cluster.head else ()
    ours = part is None or any(other is part for other in parts)
    return (cluster.head or cluster.base) if ours else (cluster.base or cluster.head)
