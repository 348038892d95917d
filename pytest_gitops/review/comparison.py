"""What two revisions of a fleet are once they lie side by side: pairs of objects, pairs of parts, cluster by cluster.

Other than a Review, a Comparison holds whole objects, as the rules need them: nothing of it may reach a report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pytest_gitops.checks.context import ClusterIndex, FleetIndex
from pytest_gitops.checks.rule import FieldPath
from pytest_gitops.model import JsonObject, Part, Rendered, Resource, ResourceId
from pytest_gitops.review.fields import differing
from pytest_gitops.review.model import Action


@dataclass(frozen=True, slots=True)
class Held:
    """An object as one revision of a cluster has it, and the part that applies it."""

    part: Part
    resource: Resource


class Change:
    """One object that differs: what rules of the scope ``change`` look at.

    ``before`` is how base has it, ``after`` how head does; one of them may be None. ``known`` is False where a part
    that can't be rendered at one of the revisions may make more of it, or less. ``renamed`` tells a generated
    object whose name holds a hash of its content: before and after are two objects in the cluster.
    """

    def __init__(self, action: Action, before: Held | None, after: Held | None, *, known: bool = True) -> None:
        self.action = action
        self.before = before
        self.after = after
        self.known = known

    @property
    def held(self) -> Held:
        """The object as head has it; as base does where it is removed."""
        held = self.after or self.before
        assert held is not None  # noqa: S101 - a change has a side
        return held

    @property
    def id(self) -> ResourceId:
        """The identity of the object."""
        return self.held.resource.id

    @property
    def renamed(self) -> bool:
        """Whether before and after have different names."""
        return self.before is not None and self.after is not None and self.before.resource.id != self.after.resource.id

    @property
    def old(self) -> JsonObject:
        """The object at base, empty where it isn't there."""
        return self.before.resource.object if self.before else {}

    @property
    def new(self) -> JsonObject:
        """The object at head, empty where it isn't there."""
        return self.after.resource.object if self.after else {}

    @cached_property
    def fields(self) -> tuple[FieldPath, ...]:
        """The paths that differ, where both sides are there; an index is head's, base's where head has none."""
        if self.before is None or self.after is None:
            return ()
        return tuple(difference.path for difference in differing(self.old, self.new))

    def touches(self, *path: str | int) -> bool:
        """Return whether a field at, above or below a path differs."""
        return any(field[: len(path)] == path[: len(field)] for field in self.fields)

    def __repr__(self) -> str:
        return f"<Change {self.action.value} {self.id}>"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the API server refuses a change: the field, and in words.

    ``sure`` is False where it depends on what the cluster chose when the object was made. ``invalid`` tells what is
    refused of a new object, too.
    """

    path: FieldPath
    message: str
    sure: bool = True
    invalid: bool = False


@dataclass(frozen=True, slots=True)
class PartPair:
    """A Kustomization, HelmRelease or ResourceSet at both revisions: what rules of the scope ``part-change`` look at.

    ``before`` or ``after`` is None where the part is not there; with ``renamed``, they have different names. ``known``
    is False where it can't be told whether it is there, or what it applies, at one of the revisions; ``hidden`` tells
    the former, as what would declare it can't be rendered.
    """

    before: Part | None
    after: Part | None
    known: bool = True
    hidden: bool = False

    @property
    def part(self) -> Part:
        """The part as head has it; as base does where it is removed."""
        part = self.after or self.before
        assert part is not None  # noqa: S101 - a pair has a side
        return part

    @property
    def renamed(self) -> bool:
        """Whether it has another name at head."""
        return self.before is not None and self.after is not None and self.before.name != self.after.name

    @property
    def action(self) -> Action | None:
        """What happens to the part itself, None where it is as it was."""
        if self.before is None:
            return Action.ADDED
        if self.after is None:
            return None if self.hidden else Action.REMOVED
        if self.renamed:
            return Action.MOVED
        return Action.CHANGED if self.before.object != self.after.object else None


@dataclass(frozen=True, eq=False)
class ClusterComparison:
    """One cluster at both revisions: what rules of the scope ``cluster-change`` look at, and the context of all.

    ``base`` and ``head`` are all objects of the cluster at each revision, None where there is no such cluster.
    ``parts`` are all of its parts, also those that do not differ; ``changes`` all objects that do. ``refusals`` are
    what the API server refuses of them, where it was asked. ``fleet`` is all of head.
    """

    name: str
    base: ClusterIndex | None
    head: ClusterIndex | None
    parts: tuple[PartPair, ...]
    changes: tuple[Change, ...]
    refusals: Mapping[Change, tuple[Refusal, ...]] = field(default_factory=dict)
    fleet: FleetIndex | None = None

    @cached_property
    def _pairs(self) -> dict[tuple[bool, str, str], PartPair]:
        found = {}
        for pair in self.parts:
            for head, part in ((False, pair.before), (True, pair.after)):
                if part is not None:
                    found[head, part.id.kind, part.name] = pair
        return found

    def pair(self, part: Part, *, head: bool = True) -> PartPair | None:
        """Return the pair that a part of head (of base with ``head=False``) belongs to."""
        return self._pairs.get((head, part.id.kind, part.name))

    def parent(self, part: Part, *, head: bool = True) -> Part | None:
        """Return the part that declares another one at the same revision, None for an entry."""
        index = self.head if head else self.base
        parts = index.cluster.parts if index and part.parent else ()
        return next((other for other in parts if other.name == part.parent), None)

    def declaration(self, part: Part) -> Change | None:
        """Return the change of the object that a part is, None where that is as it was."""
        return self._by_id.get(part.id)

    @cached_property
    def _by_id(self) -> dict[ResourceId, Change]:
        return {change.id: change for change in self.changes}

    def of(self, pair: PartPair) -> Iterator[Change]:
        """Yield the changes to objects that a part applies, or applied."""
        found = {}
        for part in (pair.before, pair.after):
            for change in self._by_part.get(id(part), ()):
                found[id(change)] = change
        yield from found.values()

    @cached_property
    def _by_part(self) -> dict[int, list[Change]]:
        found: dict[int, list[Change]] = defaultdict(list)
        for change in self.changes:
            for held in (change.before, change.after):
                if held is not None:
                    found[id(held.part)].append(change)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two revisions of a fleet, cluster by cluster; those that differ in nothing are there too."""

    base: FleetIndex
    head: FleetIndex
    clusters: tuple[ClusterComparison, ...]


def rendered(part: Part | None) -> Rendered | None:
    """Return what a part rendered to, None for no part, or one that did not render."""
    return part.rendered if part is not None else None
