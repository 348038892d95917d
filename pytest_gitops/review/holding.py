"""What waits though nothing is wrong with it: as something else is refused first, or what it depends on isn't ready.

Read from kustomize-controller 1.9.5 (``checkDependencies``, ``ApplyAllStaged``) and Helm 4.2 (``Client.update``).
"""

from __future__ import annotations

from collections import defaultdict

from pytest_gitops.model import Failed, HelmRelease, Kustomization, Part
from pytest_gitops.objects import mapping
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.fates import fate_of, waits_for
from pytest_gitops.review.model import Action, Fate
from pytest_gitops.review.needing import lost
from pytest_gitops.review.releases import remediation

_DONE = (Fate.APPLIED, Fate.PRUNED, Fate.UNINSTALLED, Fate.RECREATED)
# What kustomize-controller applies first, in this order; where one of a stage is refused, none of it is applied.
_FIRST = ("CustomResourceDefinition", "Namespace", "ClusterRole")
_LAST = 2


class Holding:
    """Tells of one cluster which changes wait until another one is mended or resumed."""

    def __init__(self, cluster: ClusterComparison) -> None:
        self._cluster = cluster
        self._refused: dict[int, int] = defaultdict(lambda: _LAST + 1)
        for change in cluster.refusals:
            if change.after is not None and fate_of(change, cluster) is Fate.REFUSED:
                part = id(change.after.part)
                self._refused[part] = min(self._refused[part], _stage(change))
        parts = cluster.head.cluster.parts if cluster.head else ()
        self._starved = {id(part) for part in parts if lost(part, cluster)}
        self._unready = [part for part in parts if self._is_unready(part)]
        self._waiting: dict[int, bool] = {}
        self._asked: set[int] = set()

    def fate(self, change: Change) -> Fate:
        """Return what becomes of a change once the cluster has the new revision, as long as nothing else is done."""
        fate = fate_of(change, self._cluster)
        return Fate.HELD_BACK if fate in _DONE and self._is_held(change) else fate

    def _is_unready(self, part: Part) -> bool:
        failing = id(part) in self._refused or id(part) in self._starved
        return failing or part.suspended or isinstance(part.outcome, Failed)

    def _is_held(self, change: Change) -> bool:
        if change.after is not None:
            part = change.after.part
            return self._fails_before(change, part) or self._waits(part)
        pair = self._cluster.pair(change.held.part, head=False)
        part_after = pair.after if pair and not pair.renamed else None
        if part_after is None:
            return self._is_declaration_held(change.held.part)
        return id(part_after) in self._refused or self._waits(part_after)

    def _fails_before(self, change: Change, part: Part) -> bool:
        """Tell whether a part that is refused something doesn't come to apply an object, or takes it back."""
        if isinstance(part, HelmRelease):
            return id(part) in self._refused and remediation(part) is not None
        return self._refused.get(id(part), _LAST + 1) <= _stage(change)

    def _waits(self, part: Part) -> bool:
        """Tell whether a part doesn't come to reconcile head at all."""
        if id(part) not in self._waiting:
            dependent = any(_waits_for(part, other, self._cluster) for other in self._unready)
            self._waiting[id(part)] = id(part) in self._starved or dependent or self._is_declaration_held(part)
        return self._waiting[id(part)]

    def _is_declaration_held(self, part: Part) -> bool:
        """Tell whether the object that makes a part what head says is held back itself.

        A Kustomization that is there goes on with head's files all the same; what else there is, goes by its object.
        """
        declaration = self._cluster.declaration(part)
        if declaration is None or id(part) in self._asked:
            return False
        if isinstance(part, Kustomization) and declaration.action is not Action.ADDED and declaration.after is not None:
            return False
        self._asked.add(id(part))  # Kustomizations may declare each other, and themselves.
        held = self.fate(declaration) in (Fate.HELD_BACK, Fate.REFUSED)
        self._asked.discard(id(part))
        return held


def _stage(change: Change) -> int:
    kind = change.id.kind
    return 0 if kind in _FIRST else 1 if kind.endswith("Class") else _LAST


def _waits_for(part: Part, other: Part, cluster: ClusterComparison) -> bool:
    """Tell whether a Kustomization waits for one that isn't ready; a suspended one is, but at an older revision."""
    if part is other or not waits_for(part, other, cluster):
        return False
    return not other.suspended or mapping(part.spec, "sourceRef") == mapping(other.spec, "sourceRef")
