"""Puts into a live cluster what stands for all that only its owner has, and keeps that up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial

from pytest_gitops.live.api import Api, ApiError, Kind
from pytest_gitops.live.custom_conditions import CustomConditions, Rules
from pytest_gitops.live.naming import Names
from pytest_gitops.live.rewriting import GROUP, KIND, Stand, deadline_policy, in_version, source_policy, suspend_policy
from pytest_gitops.live.stand_ins import Simulated, open_definitions, unavailable
from pytest_gitops.live.waiting import until
from pytest_gitops.model import Cluster, JsonObject, ResourceId

ACTIVE_SECONDS = 15.0


class StandIns:
    """What stands in for sources, charts, definitions and operators in one cluster, until it is closed.

    ``conditions`` are the rules by which custom resources get theirs.
    """

    def __init__(self, api: Api, names: Names, cluster: Cluster, conditions: Rules) -> None:
        self._api = api
        self._names = names
        self._cluster = cluster
        self._rules = conditions
        self._simulated: Simulated | None = None
        self._conditions: CustomConditions | None = None
        self.opened: tuple[str, ...] = ()

    @property
    def simulated(self) -> tuple[str, ...]:
        """What is made up here, for a report."""
        return tuple(f"the conditions of {kind}" for kind in self._rules)

    @property
    def ruled(self) -> frozenset[str]:
        """The kinds whose objects get conditions."""
        return frozenset(self._rules)

    @property
    def assumed(self) -> tuple[str, ...]:
        """What can't be had and is taken for Ready."""
        return tuple(str(id) for id in unavailable(self._cluster))

    @property
    def problem(self) -> str:
        """Why something can't be kept up, empty where all can."""
        return self._conditions.problem if self._conditions is not None else ""

    def definitions(self) -> list[JsonObject]:
        """Return definitions of kinds that only what can't be fetched would define: they take anything."""
        resources = [resource for _part, resource in self._cluster.resources]
        found = open_definitions(resources, self._api.kinds())
        self.opened = tuple(str(definition["spec"]["names"]["kind"]) for definition in found)
        return found

    def policies(self, stands: Mapping[ResourceId, Stand], progress_seconds: int | None) -> Iterator[JsonObject]:
        """Return what has Flux read ``stands`` in place of its sources, and sees soon what is broken."""
        policies = [deadline_policy(progress_seconds)] if progress_seconds else []
        policies += [source_policy("gitrepositories", id, stand) for id, stand in stands.items()]
        policies += self._suspensions()
        version = self._names.kind(GROUP, KIND).api_version.rpartition("/")[2]
        return iter(in_version((obj for policy in policies for obj in policy), version))

    def start(self, stands: Mapping[ResourceId, Stand]) -> None:
        """Wait until the policies take effect, which is a moment after they are made, and keep up the rest."""
        self._simulated = Simulated(self._api, self._unavailable)
        self._conditions = CustomConditions(self._api, self._rules)
        for id, stand in stands.items():
            until(partial(self._stands, id, stand), ACTIVE_SECONDS)

    def close(self) -> None:
        """Stop; may be called twice."""
        for each in (self._simulated, self._conditions):
            if each is not None:
                each.close()

    @cached_property
    def _unavailable(self) -> list[tuple[Kind, ResourceId]]:
        return [(kind, id) for id in unavailable(self._cluster) if (kind := self._served(id)) is not None]

    def _suspensions(self) -> list[list[JsonObject]]:
        """Return the policies that suspend what can't be had here."""
        by_kind: dict[Kind, list[ResourceId]] = {}
        for kind, id in self._unavailable:
            by_kind.setdefault(kind, []).append(id)
        return [suspend_policy(kind.plural, ids[0].group, ids) for kind, ids in by_kind.items()]

    def _served(self, id: ResourceId) -> Kind | None:
        try:
            return self._names.kind(id.group, id.kind)
        except LookupError:
            return None

    def _stands(self, id: ResourceId, stand: Stand) -> bool:
        served = self._names.kind(id.group, id.kind)
        spec = {"interval": "1h", "url": "https://example.com/repository"}
        metadata = {"name": id.name, "namespace": id.namespace}
        obj = {"apiVersion": served.api_version, "kind": id.kind, "metadata": metadata, "spec": spec}
        try:
            answer = self._api.apply(served, obj, manager="pytest-gitops", force=True, dry_run=True)
        except ApiError:
            return False
        return bool(answer["spec"]["url"] == stand.url)
