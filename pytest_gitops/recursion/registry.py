"""What the parts of a cluster give each other: sources, ConfigMaps and Secrets."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from pytest_gitops.model import JsonObject, Location, Resource
from pytest_gitops.objects import listed, mapping, name_of, namespace_of, scalar
from pytest_gitops.recursion.node import Key, Node, Scope
from pytest_gitops.sources import SourceKey
from pytest_gitops.variables import Reference, Values, made_object, may_make, values_of

SOURCE_GROUP = "source.toolkit.fluxcd.io"
DEFINITION = "CustomResourceDefinition"
PROVIDER = "ResourceSetInputProvider"


@dataclass(frozen=True, slots=True)
class Provided:
    """An object that a part of the cluster renders; ``location`` is where it is declared."""

    node: Node | None
    object: JsonObject
    location: Location | None


@dataclass(frozen=True, slots=True)
class Api:
    """The API versions of a cluster's own kinds (``group/version`` and ``group/version/Kind``), and by ``group/Kind``
    whether they are ``Namespaced`` or ``Cluster``.
    """

    versions: tuple[str, ...] = ()
    scopes: tuple[tuple[str, str], ...] = ()


class Registry:
    """Objects by cluster, kind, namespace and name, from whichever part comes first in the cluster's order.

    Rendered objects are remembered and only decoded when somebody asks for them.
    """

    def __init__(self) -> None:
        self._sources: dict[Key, dict[Node | None, tuple[Resource | JsonObject, Location | None]]] = defaultdict(dict)
        self._values: dict[Key, dict[Node, tuple[Resource, Location]]] = defaultdict(dict)
        self._apis: dict[Scope, Api] = {}
        self._definitions: dict[Key, dict[Node, Resource]] = defaultdict(dict)
        self._given: dict[Node, list[Key]] = defaultdict(list)

    def declare(self, scope: Scope, obj: JsonObject, location: Location) -> None:
        """Take a source that nothing renders."""
        key = (scope, str(obj.get("kind")), namespace_of(obj), name_of(obj))
        self._sources[key][None] = (obj, location)

    def take(self, node: Node, resources: tuple[Resource, ...], locate: Callable[[Resource], Location]) -> set[Key]:
        """Take what a node rendered in place of what it gave before; return the keys that may have changed."""
        changed = self.withdraw(node)
        for resource in resources:
            key = self._key(node, resource)
            if key is None:
                continue
            if resource.kind == DEFINITION:
                self._definitions[key][node] = resource
                self._apis.clear()
                self._given[node].append(key)
                continue
            if resource.id.group == SOURCE_GROUP:
                self._sources[key][node] = (resource, locate(resource))
            else:
                self._values[key][node] = (resource, locate(resource))
            self._given[node].append(key)
            changed.add(key)
            if resource.kind == PROVIDER:
                # Who selects by labels uses them all.
                changed.add((*key[:3], ""))
        return changed

    def withdraw(self, node: Node) -> set[Key]:
        """Forget what a node gave; return the keys of that."""
        keys = set(self._given.pop(node, ()))
        for key in keys:
            self._sources[key].pop(node, None)
            self._values[key].pop(node, None)
            if self._definitions[key].pop(node, None) is not None:
                self._apis.clear()
        return keys

    def source(self, scope: Scope, key: SourceKey) -> Provided | None:
        """Return a source's object, None where nothing known declares it."""
        found = self._sources.get((scope, key.kind, key.namespace, key.name))
        if not found:
            return None
        node = min(found, key=_order)
        given, location = found[node]
        return Provided(node, given.object if isinstance(given, Resource) else given, location)

    def sources(self) -> list[tuple[SourceKey, Scope]]:
        """Return all sources that are declared, in the order of their names."""
        keys = [key for key, providers in self._sources.items() if providers]
        return [(SourceKey(*key[1:]), key[0]) for key in sorted(keys)]

    def values(self, scope: Scope, namespace: str, reference: Reference) -> Values | None:
        """Return a ConfigMap's or Secret's keys, None where nothing known makes it."""
        found = self._values.get((scope, reference.kind, namespace, reference.name))
        if not found:
            return None
        node = min(found, key=_order)
        values, secrets = values_of(found[node][0]), node.rendered.secrets if node.rendered else ()
        return replace(values, secret=_hold(values, secrets)) if secrets else values

    def provider(self, scope: Scope, namespace: str, reference: Reference) -> Provided | None:
        """Return what makes a ConfigMap or Secret."""
        found = self._values.get((scope, reference.kind, namespace, reference.name))
        if not found:
            return None
        node = min(found, key=_order)
        return Provided(node, found[node][0].object, found[node][1])

    def input_providers(self, scope: Scope, namespace: str) -> list[JsonObject]:
        """Return the ResourceSetInputProviders of a namespace, in the order of their names."""
        keys = [key for key, found in self._values.items() if found and key[:3] == (scope, PROVIDER, namespace)]
        return [self._values[key][min(self._values[key], key=_order)][0].object for key in sorted(keys)]

    def api(self, scope: Scope) -> Api:
        """Return what a cluster serves by the CustomResourceDefinitions that it renders."""
        if scope not in self._apis:
            self._apis[scope] = self._served(scope)
        return self._apis[scope]

    def _served(self, scope: Scope) -> Api:
        versions: set[str] = set()
        scopes: dict[str, str] = {}
        for key, providers in self._definitions.items():
            if key[0] == scope and providers:
                served, kind, reach = _served(providers[min(providers, key=_order)].text)
                versions |= served
                scopes[kind] = reach
        return Api(tuple(sorted(versions)), tuple(sorted(scopes.items())))

    def _key(self, node: Node, resource: Resource) -> Key | None:
        namespace = resource.namespace or node.kind.default_namespace(node)
        if resource.id.group == SOURCE_GROUP:
            return node.target, resource.kind, namespace, resource.name
        if resource.kind == DEFINITION:
            return node.target, resource.kind, "", resource.name
        if resource.kind == PROVIDER or (resource.id.group == "" and resource.kind in ("ConfigMap", "Secret")):
            return node.target, resource.kind, namespace, resource.name
        made = made_object(resource) if may_make(resource) else None
        return (node.target, made[0], namespace, made[1]) if made else None


def _order(node: Node | None) -> tuple[int, tuple[int, ...]]:
    return (0, ()) if node is None else (len(node.order), node.order)


def _hold(values: Values, secrets: tuple[str, ...]) -> bool:
    """Tell whether values hold something that was encrypted in Git."""
    return any(secret in value for value in values.known.values() for secret in secrets)


@lru_cache(maxsize=1024)
def _served(definition: str) -> tuple[set[str], str, str]:
    """Return what a definition serves; the clusters of a fleet mostly have the same ones, and they are long."""
    spec = mapping(json.loads(definition), "spec")
    group, kind = scalar(spec, "group"), scalar(mapping(spec, "names"), "kind")
    versions = {scalar(v, "name") for v in listed(spec, "versions") if isinstance(v, dict) and v.get("served")}
    served = {f"{group}/{version}" for version in versions}
    return served | {f"{group}/{version}/{kind}" for version in versions}, f"{group}/{kind}", scalar(spec, "scope")
