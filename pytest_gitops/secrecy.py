"""Finds what is secret in a fleet: what Secrets hold, and where substitution and decryption put it."""

from __future__ import annotations

import base64
import binascii
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_gitops.model import Cluster, JsonObject, Part, Resource
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.variables import ENCRYPTED, placeholder, references, values_of

_PLACEHOLDER = placeholder("")
_LONG_ENOUGH = 8  # a shorter value in a file of values may be any word


@dataclass(frozen=True, slots=True)
class Secrecy:
    """What is secret in a part's objects besides their Secrets.

    ``values`` are those that substitution took out of Secrets; they are secret wherever they are, inside of a text
    too. ``whole`` are those that were decrypted: a value that is any word is one only where it is all there is, and not
    what an object is called by. ``decrypted`` tells that some of it all was encrypted in Git, so known to fewer.
    """

    values: tuple[str, ...] = ()
    decrypted: bool = False
    whole: tuple[str, ...] = ()


PLAIN = Secrecy()


def is_unknown(text: str) -> bool:
    """Return whether a text stands for a value that Git can't tell: encrypted by SOPS, or a variable's placeholder."""
    return text.startswith((ENCRYPTED, _PLACEHOLDER))


def values_in(secret: JsonObject) -> tuple[str, ...]:
    """Return the texts that a Secret holds, decoded; those that Git can't tell, binary and empty ones left out."""
    found: list[str] = []
    for key, encoded in (("data", True), ("stringData", False)):
        for value in mapping(secret, key).values():
            content = (decoded(value) if encoded else None) if isinstance(value, str) else None
            text = value if content is None else content.decode(errors="replace")
            if isinstance(text, str) and text.strip() and not is_unknown(text) and "\ufffd" not in text:
                found.append(text)
    return tuple(found)


class ClusterSecrets:
    """What is secret in the parts of one cluster, besides its Secrets."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def of(self, part: Part) -> Secrecy:
        """Return what is secret in what a part renders to.

        These are the values that were decrypted for it, those that it takes out of Secrets itself, and those that
        another part took out of one and put into this part's own object, or into a ConfigMap that it substitutes from.
        """
        values = {*self._taken.get(id(part), ()), *self._given(part)}
        if self._all - values:
            reached = [_dumped(part.object), *self._config_maps(part)]
            values |= {value for value in self._all if any(_dumped(value)[1:-1] in text for text in reached)}
        own = {value.strip() for value in (part.rendered.secrets if part.rendered is not None else ())} - values
        return Secrecy(
            tuple(sorted(filter(str.strip, values))),
            bool(own) or not self._decrypted.isdisjoint(values),
            tuple(sorted(value for value in own if value and not any(value in name for name in self._names))),
        )

    @cached_property
    def _all(self) -> frozenset[str]:
        return frozenset(value for values in self._taken.values() for value in values)

    @cached_property
    def _decrypted(self) -> frozenset[str]:
        parts = (part.rendered for part in self._cluster.parts)
        return frozenset(value for rendered in parts if rendered is not None for value in rendered.secrets)

    @cached_property
    def _names(self) -> frozenset[str]:
        """What objects are called: a value that is in one of them, such as a user's name, is no secret elsewhere."""
        ids = [resource.id for _part, resource in self._cluster.resources]
        return frozenset(name for id in ids for name in (id.name, id.namespace, id.kind.lower()))

    @cached_property
    def _taken(self) -> dict[int, list[str]]:
        """The values of the variables that each part took out of Secrets."""
        found: dict[int, list[str]] = {}
        for part in self._cluster.parts:
            for variable in part.rendered.variables if part.rendered is not None else ():
                kind, _slash, name = variable.source.partition("/")
                for secret in self._objects[kind, part.id.namespace, name] if kind == "Secret" else ():
                    value = values_of(secret).known.get(variable.name)
                    found.setdefault(id(part), []).extend(() if value is None else (value,))
        return found

    @cached_property
    def _objects(self) -> dict[tuple[str, str, str], list[Resource]]:
        """The cluster's Secrets and ConfigMaps."""
        found: dict[tuple[str, str, str], list[Resource]] = defaultdict(list)
        for _part, resource in self._cluster.resources:
            if resource.kind in ("Secret", "ConfigMap") and not resource.id.group:
                found[resource.kind, resource.namespace, resource.name].append(resource)
        return found

    def _given(self, part: Part) -> Iterator[str]:
        """Yield what a HelmRelease takes out of Secrets by ``spec.valuesFrom``: all scalars in their texts."""
        for entry in listed(part.spec, "valuesFrom"):
            if isinstance(entry, dict) and entry.get("kind") == "Secret":
                for secret in self._objects["Secret", part.id.namespace, scalar(entry, "name")]:
                    yield from (value for text in values_in(secret.object) for value in _scalars(text))

    def _config_maps(self, part: Part) -> Iterator[str]:
        for reference in references(part.object):
            if reference.kind == "ConfigMap":
                for resource in self._objects["ConfigMap", part.id.namespace, reference.name]:
                    yield _dumped(resource.object)


def secrecy(cluster: Cluster, part: Part) -> Secrecy:
    """Return what is secret in what one part renders to; for many parts of a cluster, ask one ClusterSecrets."""
    return ClusterSecrets(cluster).of(part)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _scalars(text: str) -> Iterable[str]:
    """Return the values in a text that may be YAML: those long enough not to be just any word."""
    yield text
    for line in text.splitlines():
        value = line.partition(": ")[2].strip().strip("'\"") or line.strip().removeprefix("- ").strip("'\"")
        if len(value) >= _LONG_ENOUGH and not value.endswith(":"):
            yield value


def decoded(text: str) -> bytes | None:
    """Return what a text stands for in Base64, None where it is none."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
