"""Which of a cluster's objects an API server is asked about, and what it holds before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from pytest_gitops.checks.context import ClusterIndex, Owned, is_unknown, remote_of
from pytest_gitops.checks.graph._order import Order
from pytest_gitops.live.applying import DEFINITION
from pytest_gitops.model import HelmRelease, Kustomization, Part, Rendered, Resource
from pytest_gitops.objects import mapping, scalar
from pytest_gitops.review.comparison import ClusterComparison, Held
from pytest_gitops.review.fates import fate_of, is_forced, unapplied
from pytest_gitops.review.model import Fate

_SSA = "kustomize.toolkit.fluxcd.io/ssa"
_RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile"
_GONE = (Fate.PRUNED, Fate.UNINSTALLED)
_MINOR = re.compile(r"v?1\.(\d+)")


class Plan:
    """What is asked about one cluster, each list in the order in which Flux applies; ``change`` tells of a base."""

    def __init__(self, cluster: ClusterIndex, change: ClusterComparison | None) -> None:
        self.cluster = cluster
        self._change = change

    @property
    def base(self) -> ClusterIndex | None:
        """The cluster as base has it, None where there is none to compare with."""
        base = self._change.base if self._change else None
        return base.targets.get(self.cluster.remote) if base else None

    @cached_property
    def tried(self) -> tuple[Owned, ...]:
        """The objects to try out: all that Flux applies and whose content is known."""
        changes = self._change.changes if self._change else ()
        change = self._change
        left = {id(c.after.resource) for c in changes if c.after and change and unapplied(c, change) is not None}
        return tuple(o for o in _known(self.cluster) if id(o.resource) not in left and not _is_left_alone(o))

    @cached_property
    def held(self) -> tuple[Resource, ...]:
        """The objects that the cluster holds before: what Flux makes anew where it can't update is not among them."""
        changes = self._change.changes if self._change else ()
        anew = {id(change.before.resource) for change in changes if change.before and is_forced(change)}
        return tuple(o.resource for o in _known(self.base) if id(o.resource) not in anew) if self.base else ()

    @cached_property
    def pruned(self) -> tuple[Held, ...]:
        """The objects of the base that Flux deletes for the change."""
        change = self._change
        gone = [c.before for c in change.changes if c.before and fate_of(c, change) in _GONE] if change else []
        return tuple(held for held in gone if remote_of(held.part) == self.cluster.remote)

    @cached_property
    def undefined(self) -> frozenset[tuple[str, str]]:
        """Group and kind of what nothing defines any more after the change."""
        gone = (held.resource.spec for held in self.pruned if held.resource.kind == DEFINITION)
        return frozenset((scalar(spec, "group"), scalar(mapping(spec, "names"), "kind")) for spec in gone)

    @cached_property
    def contended(self) -> tuple[tuple[Owned, Owned], ...]:
        """The first two of those that apply the same object."""
        found = []
        for owned in self.tried:
            owners = [each for each in self.cluster.owners(owned.resource.id) if not _lets_be(each)]
            if len(owners) > 1 and owners[0].resource is owned.resource and owners[0].owner is not owners[1].owner:
                found.append((owners[0], owners[1]))
        return tuple(found)

    def teller(self, part: Part) -> Part | None:
        """Return whose item tells of a part of the base: its own at head, else that of the first part there."""
        parts = self.cluster.parts
        own = next((other for other in parts if other.name == part.name), None)
        return own or next((other for other in parts if isinstance(other.outcome, Rendered)), None)

    def is_older_than(self, version: str) -> bool:
        """Return whether the configuration says that the cluster runs an older Kubernetes."""
        own = _MINOR.match(str(self.cluster.cluster.settings.get("kubernetes_version") or ""))
        other = _MINOR.match(version)
        return bool(own and other and int(own.group(1)) < int(other.group(1)))


def _known(cluster: ClusterIndex) -> Iterator[Owned]:
    """Yield the objects in the order of dependencies, without what is encrypted or stands for something unknown."""
    order = Order(cluster)
    after = {part.name: len(order.before(part.name)) for part in cluster.parts}
    ordered: Iterable[Owned] = sorted(cluster.resources, key=lambda owned: after[owned.owner.name])
    return (o for o in ordered if not is_unknown(o.resource.text) and "sops" not in o.resource.object)


def _is_left_alone(owned: Owned) -> bool:
    """Tell whether kustomize-controller never applies an object, which says so itself."""
    return isinstance(owned.owner, Kustomization) and (
        _says(owned.resource, _RECONCILE, "disabled") or _says(owned.resource, _SSA, "ignore")
    )


def _lets_be(owned: Owned) -> bool:
    """Tell whether an owner changes nothing of an object that is there: so does a chart with its ``crds/``."""
    if isinstance(owned.owner, HelmRelease):
        return owned.resource.kind == DEFINITION and "/crds/" in f"/{owned.resource.origin}"
    return _is_left_alone(owned) or _says(owned.resource, _SSA, "ifnotpresent")


def _says(resource: Resource, key: str, value: str) -> bool:
    return str(resource.annotations.get(key) or "").lower() == value
