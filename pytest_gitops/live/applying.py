"""Asks an API server what it makes of a cluster's objects: what only it can tell, before anything is merged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from pytest_gitops.live.admitting import Probe
from pytest_gitops.live.api import Api, ApiError, Kind
from pytest_gitops.live.quotas import with_usage
from pytest_gitops.live.waiting import until
from pytest_gitops.model import JsonObject, Resource, group_of
from pytest_gitops.objects import namespace_of

# kustomize-controller's own, see its main.go: fields it has applied are its own again.
MANAGER = "kustomize-controller"
# Who applies what two parts of a cluster contend for: Flux applies both as itself, and the last one wins.
FIRST, SECOND = "pytest-gitops-first", "pytest-gitops-second"
WORKERS = 8
DEFINITION = "CustomResourceDefinition"
# What decides about other objects has to be there before them.
POLICIES = (
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
)
NAMESPACE = "Namespace"
QUOTA = "ResourceQuota"
FOUNDATIONS = ("PriorityClass", "RuntimeClass", "StorageClass", "IngressClass", "ServiceAccount", "LimitRange", QUOTA)
ESTABLISHED_SECONDS = 20.0
OWN = "pytest-gitops"


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that the API server refuses, and how it says so."""

    resource: Resource
    error: ApiError


@dataclass(frozen=True, slots=True)
class Unknown:
    """An object of a kind that the API server doesn't serve: nothing here defines it."""

    resource: Resource


@dataclass(frozen=True, slots=True)
class Removed:
    """An object in a version of its kind that the API server doesn't serve; it serves ``others``, or none."""

    resource: Resource
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Homeless:
    """An object whose namespace isn't there, in a cluster where none is made."""

    resource: Resource


Verdict = Refused | Unknown | Removed | Homeless


class Application:
    """One API server to apply a cluster's objects to, in the order in which Flux would.

    ``prepare`` puts there what others need, for real; ``try_out`` asks what would become of the rest, by a dry run;
    ``establish`` applies for real what a later ``try_out`` is to be compared with, and ``prune`` deletes.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._kinds = api.kinds()
        self._probe = Probe(api, self._apply)

    def kind(self, obj: JsonObject) -> Kind:
        """Return an object's kind as it is served; raises LookupError where it isn't."""
        return self._found(obj["apiVersion"], obj["kind"])

    def kind_of(self, group: str, kind: str) -> Kind:
        """Return a kind of a group, in the stable version where there is one; raises LookupError."""
        versions = [each for each in self._served_kinds() if each.kind == kind and group_of(each.api_version) == group]
        if not versions:
            raise LookupError(f"the cluster serves no {kind} of {group or 'the core group'}")
        return min(versions, key=lambda each: (any(word in each.api_version for word in ("alpha", "beta")),))

    def named(self, kind: str, api_version: str | None = None) -> Kind:
        """Return the kind of this name; raises LookupError, naming the choices, where it isn't one alone."""
        if api_version is not None:
            return self._found(api_version, kind)
        groups = sorted({group_of(each.api_version) for each in self._served_kinds() if each.kind == kind})
        if len(groups) != 1:
            there = ", ".join(groups) or "none"
            raise LookupError(f"{kind} is a kind of several groups or of none ({there}): say which by api_version")
        return self.kind_of(groups[0], kind)

    def _found(self, api_version: str, kind: str) -> Kind:
        if (api_version, kind) not in self._kinds:
            self._learn()
        return self._kinds[api_version, kind]

    def _served_kinds(self) -> list[Kind]:
        self._learn()
        return list(self._kinds.values())

    def prepare(self, resources: Sequence[Resource], definitions: Iterable[JsonObject] = ()) -> Iterator[Verdict]:
        """Apply definitions, namespaces and admission policies; yield those that are refused.

        ``definitions`` are further CustomResourceDefinitions, for kinds that no object of the cluster defines.
        """
        own = {resource.name for resource in resources if resource.kind == DEFINITION}
        for definition in definitions:
            if definition["metadata"]["name"] not in own:
                self._apply(definition)
        yield from self._apply_all(resources, (DEFINITION,))
        self._await_definitions()
        yield from self._apply_all(resources, (NAMESPACE,))
        self._make_namespaces(resources)
        yield from self._apply_all(resources, FOUNDATIONS)
        with_usage(self._api, self._kinds["v1", QUOTA])
        if any(resource.kind in POLICIES for resource in resources):
            parameters = tuple(_parameter_kinds(resources))
            yield from self._apply_all(resources, parameters)
            yield from self._apply_all(resources, POLICIES)
            self._probe.await_policies()

    def try_out(self, resources: Sequence[Resource]) -> Iterator[Verdict]:
        """Yield what is said of each object that would not be applied, in the objects' order."""
        yield from self._judged([resource for resource in resources if resource.kind != DEFINITION], dry_run=True)

    def ask(self, resources: Sequence[Resource]) -> Iterator[Verdict]:
        """Yield what is said of each object that would not be applied to the cluster as it is; nothing is put there."""
        there = {str(obj["metadata"]["name"]) for obj in self._api.list(self._kinds["v1", "Namespace"])}
        homeless = [resource for resource in resources if namespace_of(resource.object) not in {"", *there}]
        yield from map(Homeless, homeless)
        away = set(map(id, homeless))
        yield from self._judged([resource for resource in resources if id(resource) not in away], dry_run=True)

    def establish(self, resources: Sequence[Resource]) -> Iterator[Verdict]:
        """Apply objects for real; yield what is refused."""
        yield from self._judged([resource for resource in resources if resource.kind != DEFINITION], dry_run=False)

    def prune(self, resources: Sequence[Resource]) -> Iterator[Verdict]:
        """Yield what the server says of objects that would not be deleted.

        What decides about others is deleted for real: these others are then tried out without it.
        """
        decide = (DEFINITION, *POLICIES, *FOUNDATIONS)
        for real in (False, True):
            chosen = [resource for resource in resources if (resource.kind in decide) is real]
            yield from self._each(partial(self._deleted, dry_run=not real), chosen)
        if any(resource.kind in POLICIES for resource in resources):
            self._probe.await_policies()
        gone = {(resource.spec.get("group"), resource.name) for resource in resources if resource.kind == DEFINITION}
        if gone:
            until(lambda: not gone & _plurals(self._api.kinds()), ESTABLISHED_SECONDS)
            self._learn()

    def contend(self, first: Resource, second: Resource) -> ApiError | None:
        """Return what the server says to a second owner of an object's fields, None where they agree.

        The first one's object is applied for real.
        """
        kind = self._kinds.get((first.api_version, first.kind))
        if kind is None or first.api_version != second.api_version:
            return None
        try:
            self._api.apply(kind, first.object, manager=FIRST, force=True)
            self._api.apply(kind, second.object, manager=SECOND, dry_run=True)
        except ApiError as error:
            return error if error.reason == "Conflict" else None
        return None

    def _apply_all(self, resources: Sequence[Resource], kinds: Sequence[str]) -> Iterator[Verdict]:
        for kind in kinds:
            yield from self._judged([resource for resource in resources if resource.kind == kind], dry_run=False)

    def _judged(self, resources: Sequence[Resource], *, dry_run: bool) -> Iterator[Verdict]:
        yield from self._each(partial(self._verdict, dry_run=dry_run), resources)

    def _each(self, ask: Callable[[Resource], Verdict | None], resources: Sequence[Resource]) -> Iterator[Verdict]:
        with ThreadPoolExecutor(WORKERS) as pool:
            yield from (verdict for verdict in pool.map(ask, resources) if verdict is not None)

    def _verdict(self, resource: Resource, *, dry_run: bool) -> Verdict | None:
        kind = self._kinds.get((resource.api_version, resource.kind))
        if kind is None:
            return self._unserved(resource)
        if kind.namespaced and not resource.namespace:
            # Flux refuses it without asking; the schema check says so.
            return None
        try:
            self._api.apply(kind, resource.object, manager=MANAGER, force=True, dry_run=dry_run)
        except ApiError as error:
            return Refused(resource, error)
        return None

    def _unserved(self, resource: Resource) -> Verdict:
        """Tell a version that is gone from a kind that was never there: only groups with a dot can be defined."""
        group = group_of(resource.api_version)
        others = [version for version, kind in self._kinds if kind == resource.kind and group_of(version) == group]
        return Removed(resource, tuple(sorted(others))) if others or "." not in group else Unknown(resource)

    def _deleted(self, resource: Resource, *, dry_run: bool) -> Verdict | None:
        kind = self._kinds.get((resource.api_version, resource.kind))
        if kind is None or (kind.namespaced and not resource.namespace):
            return None
        try:
            self._api.delete(kind, resource.namespace, resource.name, dry_run=dry_run)
        except ApiError as error:
            return Refused(resource, error)
        return None

    def _apply(self, obj: JsonObject) -> None:
        """Apply an object of the harness' own; raises ApiError."""
        self._api.apply(self.kind(obj), obj, manager=OWN, force=True)

    def _await_definitions(self) -> None:
        """Wait until every definition is served, and take note of the kinds."""
        kind = self._kinds["apiextensions.k8s.io/v1", DEFINITION]
        until(lambda: all(map(_is_settled, self._api.list(kind))), ESTABLISHED_SECONDS)
        until(lambda: _served(self._api, kind) <= self._learn(), ESTABLISHED_SECONDS)

    def _learn(self) -> set[tuple[str, str]]:
        self._kinds = self._api.kinds()
        return set(self._kinds)

    def _make_namespaces(self, resources: Iterable[Resource]) -> None:
        """Make the namespaces that objects name and nothing declares, and what a controller would put into each.

        That one is missing is for the checks of references to tell; here it would only hide what else is wrong.
        """
        named = {namespace_of(resource.object) for resource in resources} - {""}
        there = {str(obj["metadata"]["name"]) for obj in self._api.list(self._kinds["v1", "Namespace"])}
        for name in sorted(named - there):
            self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for name in sorted(named | there):
            self._apply(
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
            )


def _is_settled(definition: JsonObject) -> bool:
    """Tell whether a definition is established, or will never be."""
    conditions = {c["type"]: c["status"] for c in (definition.get("status") or {}).get("conditions") or ()}
    return conditions.get("Established") == "True" or conditions.get("NamesAccepted") == "False"


def _served(api: Api, kind: Kind) -> set[tuple[str, str]]:
    """Return the kinds that the established definitions say they serve."""
    found = set()
    for definition in api.list(kind):
        conditions = {c["type"]: c["status"] for c in (definition.get("status") or {}).get("conditions") or ()}
        if conditions.get("Established") == "True":
            spec = definition["spec"]
            versions = [version["name"] for version in spec["versions"] if version.get("served")]
            found |= {(f"{spec['group']}/{version}", str(spec["names"]["kind"])) for version in versions}
    return found


def _parameter_kinds(resources: Iterable[Resource]) -> list[str]:
    """Return the kinds that policies take parameters of."""
    kinds = (resource.spec.get("paramKind") or {} for resource in resources if resource.kind in POLICIES)
    return sorted({str(kind["kind"]) for kind in kinds if kind.get("kind")})


def _plurals(kinds: Mapping[tuple[str, str], Kind]) -> set[tuple[str, str]]:
    """Return the groups of kinds, each with the name that a definition of the kind would have."""
    found = {(group_of(kind.api_version), kind.plural) for kind in kinds.values()}
    return {(group, f"{plural}.{group}") for group, plural in found}
