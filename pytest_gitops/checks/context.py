"""What rules can ask about a cluster: every object by kind and name, who owns it, and what isn't known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from operator import itemgetter
from typing import Any, TypeVar

from pytest_gitops.checks import kinds
from pytest_gitops.checks.rule import FieldPath, Violation
from pytest_gitops.checks.sources import SourceTree
from pytest_gitops.discovery.declaration import SOURCE_GROUP
from pytest_gitops.model import (
    Cluster,
    Fleet,
    HelmRelease,
    JsonObject,
    Kustomization,
    Part,
    Rendered,
    Resource,
    ResourceId,
    Severity,
    Skipped,
    Source,
)
from pytest_gitops.objects import mapping, scalar

PLACEHOLDER = "gitops-placeholder-"
_FLUX_ITSELF = ("oci://ghcr.io/fluxcd/flux-manifests", "https://github.com/fluxcd/flux2")

Answer = TypeVar("Answer")


def is_unknown(value: object) -> bool:
    """Return whether a value holds a placeholder: something that Git can't tell."""
    return isinstance(value, str) and PLACEHOLDER in value


@dataclass(frozen=True, slots=True)
class Owned:
    """A rendered object and the part of the cluster that applies it."""

    owner: Part
    resource: Resource

    @property
    def foreign(self) -> bool:
        """Whether it comes out of a chart that is not in the repository, and so is not the user's to change."""
        return self.resource.template is not None


@dataclass(frozen=True, slots=True)
class Unrendered:
    """A part of a cluster whose objects aren't known here, and why.

    ``namespace`` is the namespace all its namespaced objects are in, None where they may be in any. ``flux`` says
    whether objects of Flux's may be among them, as they may in a part that is not a chart.
    """

    name: str
    reason: str
    namespace: str | None = None
    flux: bool = True

    def may_hold(self, group: str, kind: str, namespace: str) -> bool:
        """Return whether an object of this kind and namespace may be part of it."""
        if group.endswith(".toolkit.fluxcd.io") and not self.flux:
            return False
        return self.namespace in (None, namespace) or kinds.is_namespaced(group, kind) is not True

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})"


class ClusterIndex:
    """All objects of one cluster, found by kind, namespace and name.

    A part with ``spec.kubeConfig`` applies to another cluster: its objects are in the index of that one, which
    ``target`` returns, and not in this.
    """

    def __init__(self, cluster: Cluster, fleet: FleetIndex, remote: str = "") -> None:
        self.cluster = cluster
        self.fleet = fleet
        self.remote = remote
        self._answers: dict[object, Any] = {}
        self._unknown: dict[tuple[str, str], tuple[Unrendered, ...]] = {}

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.cluster.name

    @cached_property
    def kustomizations(self) -> tuple[Kustomization, ...]:
        """The Kustomizations whose objects go to this cluster."""
        return tuple(part for part in self.parts if isinstance(part, Kustomization))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Everything whose objects go to this cluster."""
        return tuple(part for part in self.cluster.parts if remote_of(part) == self.remote)

    @cached_property
    def resources(self) -> tuple[Owned, ...]:
        """Every rendered object with its owner, in the order in which the cluster comes to know them; no hooks."""
        return tuple(Owned(part, r) for part in self.parts if part.rendered is not None for r in part.rendered)

    @cached_property
    def hooks(self) -> tuple[Owned, ...]:
        """The hooks of charts: Helm creates them at certain times, and nobody keeps them."""
        return tuple(Owned(part, r) for part in self.parts if isinstance(part, HelmRelease) for r in part.hooks)

    def target(self, part: Part) -> ClusterIndex:
        """Return the index of the cluster that a part applies to."""
        return self.targets[remote_of(part)]

    @cached_property
    def targets(self) -> dict[str, ClusterIndex]:
        """This cluster's index and those of the clusters that its parts feed through a kubeConfig."""
        remotes = dict.fromkeys(["", *map(remote_of, self.cluster.parts)])
        return {name: self if name == self.remote else ClusterIndex(self.cluster, self.fleet, name) for name in remotes}

    @cached_property
    def _by_kind(self) -> dict[str, list[Owned]]:
        found: dict[str, list[Owned]] = defaultdict(list)
        for owned in self.resources:
            found[owned.resource.id.kind].append(owned)
        return found

    @cached_property
    def _by_id(self) -> dict[ResourceId, list[Owned]]:
        found: dict[ResourceId, list[Owned]] = defaultdict(list)
        for owned in self.resources:
            found[owned.resource.id].append(owned)
        return found

    def of_kind(self, *wanted: str) -> Iterator[Owned]:
        """Yield the objects of these kinds (``Service``, ``Cluster.postgresql.cnpg.io``)."""
        for kind in wanted:
            name, group = kinds.split(kind)
            for owned in self._by_kind.get(name, ()):
                if group is None or owned.resource.id.group == group:
                    yield owned

    def owners(self, wanted: ResourceId) -> list[Owned]:
        """Return every occurrence of an object: more than one where parts of the cluster contend for it."""
        return self._by_id.get(wanted, [])

    def get(self, kind: str, namespace: str, name: str) -> Owned | None:
        """Return the object of this kind (``Secret``, ``Cluster.postgresql.cnpg.io``), None where there is none.

        What only a hook creates is there too.
        """
        bare, group = kinds.split(kind)
        if group is None:
            return self._by_name.get((bare, namespace, name))
        found = self._by_id.get(ResourceId(group, bare, namespace, name))
        if found:
            return found[0]
        hook = self._by_name.get((bare, namespace, name))
        return hook if hook is not None and hook.resource.id.group == group else None

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str], Owned]:
        found: dict[tuple[str, str, str], Owned] = {}
        for owned in (*self.resources, *self.hooks):
            id = owned.resource.id
            found.setdefault((id.kind, id.namespace, id.name), owned)
        return found

    def memo(self, question: Callable[[ClusterIndex], Answer]) -> Answer:
        """Return the answer to a question about this cluster that several rules ask, worked out once."""
        if question not in self._answers:
            self._answers[question] = question(self)
        answer: Answer = self._answers[question]
        return answer

    @cached_property
    def unrendered(self) -> tuple[Unrendered, ...]:
        """The parts of the cluster whose objects aren't known: what was skipped, failed, or is rendered elsewhere."""
        flux = {source.id for source in self.cluster.sources if _is_flux_itself(source)}
        parts = (_unrendered(part, _source_of(part) in flux) for part in self.parts)
        return (*filter(None, parts), *self._unrendered_objects())

    def _unrendered_objects(self) -> Iterator[Unrendered]:
        """Yield the objects that apply others, and that nobody has followed."""
        known = {part.id for part in self.cluster.parts}
        for owned in self.of_kind("HelmRelease"):
            if owned.resource.id not in known:
                yield _of_release(str(owned.resource.id), "it is not rendered", owned.resource.object)
        for owned in self.of_kind("ResourceSet"):
            if owned.resource.id not in known:
                yield Unrendered(str(owned.resource.id), "ResourceSets are not rendered")

    def unknown(self, kind: str, namespace: str) -> tuple[Unrendered, ...]:
        """Return the unrendered parts that may hold an object of this kind in this namespace."""
        if (kind, namespace) not in self._unknown:
            bare, group = kinds.split(kind)
            near = self._near(group or "", bare, namespace)
            self._unknown[kind, namespace] = tuple(part for part in near if part.may_hold(group or "", bare, namespace))
        return self._unknown[kind, namespace]

    def _near(self, group: str, kind: str, namespace: str) -> Iterable[Unrendered]:
        """Return the parts that come into question, in their order, without a look at those of other namespaces."""
        if kinds.is_namespaced(group, kind) is not True:
            return self.unrendered
        parts = (self._unrendered_in.get(where, []) for where in (None, namespace))
        return (part for _, part in merge(*parts, key=itemgetter(0)))

    @cached_property
    def _unrendered_in(self) -> dict[str | None, list[tuple[int, Unrendered]]]:
        """The unrendered parts, each with its position, by the namespace that their objects are in."""
        found: dict[str | None, list[tuple[int, Unrendered]]] = defaultdict(list)
        for position, part in enumerate(self.unrendered):
            found[part.namespace].append((position, part))
        return found

    def missing(
        self,
        kind: str,
        namespace: str,
        name: str,
        *,
        message: str,
        path: FieldPath = (),
        subject: Resource | Part | None = None,
        remedy: str | None = None,
        besides: Resource | None = None,
    ) -> Iterator[Violation]:
        """Yield a violation if the cluster has no such object.

        Where a part of the cluster that may hold it isn't rendered, or the name isn't known, "missing" is
        "unknown": an info that names that part. ``besides`` is an object that can't bring along what it needs itself.
        """
        if self.get(kind, namespace, name) is not None:
            return
        if is_unknown(name) or is_unknown(namespace):
            yield Violation(f"{message}: unknown, as its name is not in Git", path, subject, severity=Severity.INFO)
        elif parts := tuple(p for p in self.unknown(kind, namespace) if besides is None or p.name != str(besides.id)):
            yield Violation(
                f"{message}: unknown, as {_listed(parts)} may hold it", path, subject, severity=Severity.INFO
            )
        else:
            yield Violation(message, path, subject, remedy=remedy)

    def resource_of(self, part: Part) -> Owned | None:
        """Return the object that declares a part, None for an entry that the repository doesn't declare."""
        return next(iter(self.targets[""].owners(part.id)), None)


class FleetIndex:
    """The whole repository: its clusters' indices and its files."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        directories = {source.directory for cluster in fleet.clusters for source in cluster.sources}
        self.files = SourceTree(fleet.root, beside=sorted(filter(None, directories)))
        self.clusters = tuple(ClusterIndex(cluster, self) for cluster in fleet.clusters)

    @cached_property
    def readers(self) -> dict[str, list[Rendered]]:
        """Every file that a render of the repository read, with what it was read for."""
        found: dict[str, list[Rendered]] = defaultdict(list)
        renders = [part.rendered for cluster in self.fleet.clusters for part in cluster.parts]
        for rendered in (*renders, *(overlay.rendered for overlay in self.fleet.overlays)):
            if rendered is not None:
                for path in rendered.reads:
                    found[path].append(rendered)
        return found


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds the object that a rule looks at: the part that applies it, and the cluster it goes to."""

    cluster: ClusterIndex
    owner: Part

    @property
    def fleet(self) -> FleetIndex:
        """The whole repository."""
        return self.cluster.fleet


def remote_of(part: Part) -> str:
    """Return what names the cluster a part applies to: its kubeConfig, empty for the cluster itself."""
    config = part.spec.get("kubeConfig") or {}
    for reference in ("secretRef", "configMapRef"):
        if name := (config.get(reference) or {}).get("name"):
            return f"{part.id.namespace}/{name}"
    return ""


def _is_flux_itself(source: Source) -> bool:
    """Tell whether a source holds what Flux consists of: no Kustomization and no source is among that."""
    return scalar(mapping(source.object, "spec"), "url").removesuffix(".git") in _FLUX_ITSELF


def _source_of(part: Part) -> ResourceId:
    reference = mapping(part.spec, "sourceRef")
    namespace = scalar(reference, "namespace") or part.id.namespace
    return ResourceId(SOURCE_GROUP, scalar(reference, "kind"), namespace, scalar(reference, "name"))


def _unrendered(part: Part, is_flux_itself: bool) -> Unrendered | None:
    outcome = part.outcome
    if isinstance(outcome, Rendered):
        unknown = (
            [name for name in part.unknown if "/" in name.partition(" ")[0]] if isinstance(part, HelmRelease) else []
        )
        reason = f"its values are not all in Git: {unknown[0]}" if unknown else None
    else:
        reason = outcome.reason if isinstance(outcome, Skipped) else "it does not build"
    if reason is None:
        return None
    name = str(part.id)
    if isinstance(part, HelmRelease):
        return _of_release(name, reason, part.object)
    return Unrendered(name, reason, part.spec.get("targetNamespace") or None, not is_flux_itself)


def _of_release(name: str, reason: str, release: JsonObject) -> Unrendered:
    spec, metadata = release.get("spec") or {}, release.get("metadata") or {}
    namespace = str(spec.get("targetNamespace") or metadata.get("namespace") or "")
    # Charts bring no Flux objects along, but for flux2-sync, flux-instance and the like.
    names = (metadata.get("name"), mapping(spec, "chartRef").get("name"), mapping(spec, "chart", "spec").get("chart"))
    flux = any("flux" in str(name) for name in names)
    return Unrendered(name, reason, namespace, flux)


def _listed(parts: tuple[Unrendered, ...], most: int = 3) -> str:
    named = ", ".join(str(part) for part in parts[:most])
    return named if len(parts) <= most else f"{named} and {len(parts) - most} more"
