"""How dangers name things: lists that stay short, places in head for what is gone, causes that explain others."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence

from pytest_gitops.checks.context import remote_of
from pytest_gitops.checks.overlay_file import is_overlay_file
from pytest_gitops.checks.sources import entry, line_of
from pytest_gitops.model import HelmRelease, Kustomization, Location, Part, ResourceId
from pytest_gitops.review.comparison import Change, ClusterComparison, Held, PartPair, rendered
from pytest_gitops.review.model import Action
from pytest_gitops.review.releases import is_reinstalled

_LISTED = 6


def counted(number: int, what: str) -> str:
    """Return ``1 object`` or ``3 objects``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def listed(things: Iterable[object], most: int = _LISTED) -> str:
    """Return names joined by commas, as many as can be read, and how many more there are."""
    names = [str(thing) for thing in things]
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def named(part: Part) -> str:
    """Return a part's kind and name: ``Kustomization flux-system/apps``."""
    return f"{part.id.kind} {part.id.namespace}/{part.id.name}"


def ids(changes: Iterable[Change]) -> list[ResourceId]:
    """Return what changes are about."""
    return [change.id for change in changes]


def is_explained(change: Change, cluster: ClusterComparison) -> bool:
    """Return whether the change of a whole part, or of the cluster, is told already and brings this one about."""
    if cluster.base is None or cluster.head is None:
        return True
    if change.before is None:
        return False
    declaration = cluster.declaration(change.before.part)
    if declaration is not None and declaration is not change and declaration.action is Action.REMOVED:
        return True
    pair = cluster.pair(change.before.part, head=False)
    return pair is not None and (pair.after is None or pair.renamed or is_retargeted(pair) or _starts_anew(pair))


def is_retargeted(pair: PartPair) -> bool:
    """Return whether a Kustomization comes to apply its objects into another namespace."""
    if not isinstance(pair.before, Kustomization) or not isinstance(pair.after, Kustomization):
        return False
    return pair.before.spec.get("targetNamespace") != pair.after.spec.get("targetNamespace")


def _starts_anew(pair: PartPair) -> bool:
    """Return whether a Kustomization comes to apply to another cluster, or a release is installed anew."""
    if isinstance(pair.before, HelmRelease) and isinstance(pair.after, HelmRelease):
        return is_reinstalled(pair.before, pair.after)
    return pair.before is not None and pair.after is not None and remote_of(pair.before) != remote_of(pair.after)


def places(held: Held, cluster: ClusterComparison) -> tuple[Location, ...]:
    """Return where head no longer lists an object of base: the ``resources`` of the nearest kustomization file."""
    head, reads = cluster.head, rendered(held.part)
    if head is None or reads is None or held.resource.origin is None:
        return ()
    directory = posixpath.dirname(held.resource.origin)
    overlays = [file for file in reads.reads if is_overlay_file(file) and _holds(file, directory)]
    for file in sorted(overlays, key=lambda file: -len(posixpath.dirname(file))):
        documents: Sequence[object] = head.fleet.files[file].documents
        for document in head.fleet.files[file].documents if documents else ():
            found = entry(document, "resources")
            return (Location(file, line_of(found[0]) if found else 1),)
    return ()


def _holds(file: str, directory: str) -> bool:
    above = posixpath.dirname(file)
    return above in ("", directory) or directory.startswith(f"{above}/")


def below(part: Part, parts: Iterable[Part]) -> list[Part]:
    """Return the parts that a part declares, and those that these declare, in their order."""
    everything = list(parts)
    found: list[Part] = []
    names = {part.name}
    for other in everything:
        if other.parent in names and other is not part:
            names.add(other.name)
            found.append(other)
    return found
