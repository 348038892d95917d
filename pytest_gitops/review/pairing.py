"""Which parts and objects of two revisions of a cluster are the same: by name, by what a part applies, by generator."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pytest_gitops.checks.context import remote_of
from pytest_gitops.model import Cluster, HelmRelease, JsonObject, Kustomization, Part, Resource, ResourceId
from pytest_gitops.objects import mapping, without_hash
from pytest_gitops.review.comparison import Change, Held, PartPair
from pytest_gitops.review.model import Action
from pytest_gitops.review.noise import without_noise

# An object of a cluster; the first is what names the cluster where a part applies it to another one.
Key = tuple[str, ResourceId]
Name = tuple[str, str, int]
# The alphabet of the hashes that kustomize appends to the names of generated objects (api/hasher).
_GENERATED = ("ConfigMap", "Secret")
# How much of what two parts apply must be the same objects for one to be the other under a new name.
_ALIKE = 0.5
# What more parts than this have in common tells none of them from the others.
_MOST_ALIKE = 50


def pair_parts(base: Cluster | None, head: Cluster | None) -> tuple[PartPair, ...]:
    """Return the parts of both revisions side by side, head's in their order and then those that only base has."""
    before, after = _named(base), _named(head)
    lost = [part for name, part in before.items() if name not in after]
    new = [part for name, part in after.items() if name not in before]
    hidden = {id(part) for part in _hidden(lost, before, after)} | {id(part) for part in _hidden(new, after, before)}
    renames = dict(_renames(lost, new))
    gone = {id(part) for part in renames.values()}
    pairs = [_pair(before.get(name) or renames.get(id(part)), part, hidden) for name, part in after.items()]
    return (*pairs, *(_pair(part, None, hidden) for part in lost if id(part) not in gone))


def _named(cluster: Cluster | None) -> dict[Name, Part]:
    """Return a cluster's parts by kind and name, and a number: a cluster that it feeds may have one of that name."""
    found: dict[Name, Part] = {}
    seen: dict[tuple[str, str], int] = defaultdict(int)
    for part in cluster.parts if cluster else ():
        name = (part.id.kind, part.name)
        found[*name, seen[name]] = part
        seen[name] += 1
    return found


def _pair(before: Part | None, after: Part | None, hidden: Collection[int]) -> PartPair:
    known = all(part is None or part.rendered is not None for part in (before, after))
    # What declares it may not have been rendered on the other side: then it may well be there.
    alone = before is None or after is None
    unseen = alone and id(before or after) in hidden
    return PartPair(before, after, known and not unseen, unseen)


def _hidden(alone: Sequence[Part], own: Mapping[Name, Part], other: Mapping[Name, Part]) -> Iterator[Part]:
    """Yield the parts that only one revision has, of which the other can't tell whether it has them.

    It could not render what declares them; or what declares what declares them, however far up. Or it renders the
    object of one of these, and that asks Flux to leave it alone: it goes on in the cluster as it is there.
    """
    if not alone:
        return
    there = {part.name: False for part in other.values()}
    for part in other.values():
        there[part.name] |= part.rendered is None
    held = {resource.id for part in other.values() for resource in part.rendered or ()}
    above = {part.name: part for part in own.values()}
    for part in alone:
        seen: set[str] = set()
        parent: str | None = part.parent
        left = part.id in held
        while not left and parent is not None and parent not in there and parent not in seen:
            seen.add(parent)
            left = parent in above and above[parent].id in held
            parent = above[parent].parent if parent in above else None
        if left or (parent is not None and there.get(parent)):
            yield part


def _renames(lost: Sequence[Part], new: Sequence[Part]) -> Iterator[tuple[int, Part]]:
    """Yield which new part (by identity) is which lost one: the most alike first, each once."""
    traces = [_traces(part) for part in lost]
    lying: dict[object, set[int]] = defaultdict(set)
    for number, found in enumerate(traces):
        for trace in found:
            lying[trace].add(number)
    scores = []
    for young, after in enumerate(new):
        left = _traces(after)
        alike = (lying.get(trace, ()) for trace in left)
        for old in {number for numbers in alike if len(numbers) <= _MOST_ALIKE for number in numbers}:
            if (score := _likeness(traces[old], left)) >= _ALIKE:
                scores.append((score, -old, -young))
    taken: set[tuple[str, int]] = set()
    for _score, old, young in sorted(scores, reverse=True):
        if ("old", -old) not in taken and ("new", -young) not in taken:
            taken |= {("old", -old), ("new", -young)}
            yield id(new[-young]), lost[-old]


def _traces(part: Part) -> frozenset[object]:
    """Return what tells a part whatever its name is: what it applies, and how it is made."""
    ids: set[object] = {resource.id for resource in part.rendered or ()}
    return frozenset(ids | ({(part.id.kind, making)} if (making := _making(part)) else set()))


def _likeness(before: frozenset[object], after: frozenset[object]) -> float:
    """Return how much of what two parts apply is the same, 1 where they are made the same way."""
    common = before & after
    if any(not isinstance(trace, ResourceId) for trace in common):
        return 1.0
    return len(common) / len({trace for trace in before | after if isinstance(trace, ResourceId)})


def _making(part: Part) -> str | None:
    """Return what says what a part is made of: a Kustomization's source and path, a HelmRelease's chart and values."""
    fields: tuple[str, ...] = ()
    if isinstance(part, Kustomization) and part.path:
        fields = ("sourceRef", "path", "targetNamespace", "kubeConfig", "postBuild")
    if isinstance(part, HelmRelease):
        fields = ("chart", "chartRef", "values", "valuesFrom")
    return json.dumps({key: part.spec.get(key) for key in fields}, sort_keys=True, default=str) if fields else None


def pair_objects(parts: Sequence[PartPair]) -> Iterator[Change]:
    """Yield every object that differs between the revisions, as they come: head's in its order, then what is gone.

    Of a part that can't be rendered at one of them, only what went to or came from another part is told.
    """
    before, after = _objects(pair.before for pair in parts), _objects(pair.after for pair in parts)
    homes = _homes(parts)
    left: list[Change] = []
    for key in (*after, *(key for key in before if key not in after)):
        for change in _of_one(before.get(key, ()), after.get(key, ()), homes):
            left.append(change)
    yield from _with_generated(_told(left, homes), homes)


def _objects(parts: Iterable[Part | None]) -> dict[Key, list[Held]]:
    found: dict[Key, list[Held]] = defaultdict(list)
    for part in parts:
        if part is not None and part.rendered is not None:
            remote = remote_of(part)
            for resource in part.rendered:
                found[remote, resource.id].append(Held(part, resource))
    return found


def _homes(parts: Sequence[PartPair]) -> dict[int, PartPair]:
    """Return the pair that each part belongs to, by the part's identity."""
    return {id(part): pair for pair in parts for part in (pair.before, pair.after) if part is not None}


def _of_one(before: Sequence[Held], after: Sequence[Held], homes: Mapping[int, PartPair]) -> Iterator[Change]:
    """Yield what becomes of one object: more than one thing where several parts apply it."""
    lost, new = list(before), []
    for held in after:
        own = homes[id(held.part)].before
        old = next((other for other in lost if other.part is own), None)
        if old is None:
            new.append(held)
            continue
        lost.remove(old)
        young = without_noise(old, held)
        if homes[id(held.part)].renamed:
            yield Change(Action.MOVED, old, young)
        elif not _same(old.resource, young.resource):
            yield Change(Action.CHANGED, old, young)
    yield from _moves(lost, new, before, after)


def _moves(
    lost: Sequence[Held], new: Sequence[Held], before: Sequence[Held], after: Sequence[Held]
) -> Iterator[Change]:
    for number in range(max(len(lost), len(new))):
        old = lost[number] if number < len(lost) else None
        held = new[number] if number < len(new) else None
        if old is not None and (held or after):
            # Given up by one of several that apply it: it stays with the others.
            yield Change(Action.MOVED, old, held or after[0])
        elif old is not None:
            yield Change(Action.REMOVED, old, None)
        elif held is not None:
            yield Change(Action.ADDED, None, held)


def _told(changes: Iterable[Change], homes: Mapping[int, PartPair]) -> Iterator[Change]:
    """Yield the changes that can be told: where the other side of a part isn't rendered, nothing is new or gone."""
    for change in changes:
        sides = [homes[id(held.part)] for held in (change.before, change.after) if held is not None]
        known = all(pair.known for pair in sides)
        if known or change.action in (Action.MOVED, Action.CHANGED):
            yield change if known else Change(change.action, change.before, change.after, known=False)


def _same(before: Resource, after: Resource) -> bool:
    if before.text == after.text or before == after:
        return True
    both_secrets = before.id.kind == after.id.kind == "Secret"
    return both_secrets and _encoded(before.object) == _encoded(after.object)


def _encoded(secret: JsonObject) -> JsonObject:
    """Return a Secret as it is applied: what is in ``stringData`` is put into ``data``."""
    plain = {key: value for key, value in mapping(secret, "stringData").items() if isinstance(value, str)}
    encoded = {key: b64encode(value.encode()).decode() for key, value in plain.items()}
    kept = {key: value for key, value in secret.items() if key not in ("data", "stringData")}
    return {**kept, "data": {**mapping(secret, "data"), **encoded}}


def _with_generated(changes: Iterable[Change], homes: Mapping[int, PartPair]) -> Iterator[Change]:
    """Yield the changes; a generated object under another hash is one that is changed, not one gone and one new."""
    given = list(changes)
    lost: dict[object, list[Change]] = defaultdict(list)
    new: dict[object, list[Change]] = defaultdict(list)
    for change in given:
        if (family := _family(change, homes)) is not None:
            (lost if change.action is Action.REMOVED else new)[family].append(change)
    pairs = {
        id(new[family][0]): lost[family][0]
        for family in new
        if len(new[family]) == 1 and len(lost.get(family, ())) == 1 and new[family][0].id != lost[family][0].id
    }
    merged = {id(change) for change in pairs.values()}
    for change in given:
        if id(change) in pairs:
            yield Change(Action.CHANGED, pairs[id(change)].before, change.after)
        elif id(change) not in merged:
            yield change


def _family(change: Change, homes: Mapping[int, PartPair]) -> object | None:
    """Return what the same generated object has in common under any hash, None for what isn't generated."""
    thing = change.id
    if change.action not in (Action.ADDED, Action.REMOVED) or thing.group or thing.kind not in _GENERATED:
        return None
    return (id(homes[id(change.held.part)]), thing.kind, thing.namespace, without_hash(thing.name))
