"""Replaces what is secret in objects by short keyed digests, so that a change shows and the value doesn't.

Secret is what a Secret holds, and what post-build substitution took out of a Secret. What Git itself can't tell (SOPS'
``ENC[…]``, placeholders) is no secret and stays as it is.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pytest_gitops.model import Cluster, JsonObject, Part, Resource, ResourceId
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.variables import ENCRYPTED, placeholder, references, values_of

KEY = "GITOPS_SNAPSHOT_KEY"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_PLACEHOLDER = placeholder("")
_GENERATED = re.compile(r"-[2456789bcdfghkmt]{10}$")  # kustomize's hash suffix, which changes with the content
_LONG_ENOUGH = 4  # a shorter value is only found where it is a word of its own
_ROUNDS = 20_000
_NO_KEY = b"pytest-gitops"


@dataclass(frozen=True, slots=True)
class Secrecy:
    """What is secret in a part's objects besides their Secrets: ``values`` that substitution took out of Secrets.

    ``decrypted`` tells that the part's Secrets were encrypted in Git, so that their values are known to fewer.
    """

    values: tuple[str, ...] = ()
    decrypted: bool = False


PLAIN = Secrecy()


class Redactor:
    """Replaces secret values by ``<redacted 1f2e3d4c>``: the start of an HMAC over the object's identity and the value.

    ``key`` is for all values. ``private`` is for decrypted values where there is no key; where there is neither, those
    are stretched, so that guessing costs more than it does for values that Git shows anyway.
    """

    def __init__(self, key: bytes = b"", private: bytes = b"") -> None:
        self._key = key
        self._private = private

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Redactor:
        """Return a redactor with the key of ``GITOPS_SNAPSHOT_KEY``, and one made of the age keys SOPS would find."""
        key = environ.get(KEY, "").encode()
        return cls(_derived(b"given", [key]) if key else b"", _derived(b"age", _age_keys(environ)))

    def redact(self, obj: JsonObject, secrecy: Secrecy = PLAIN) -> JsonObject:
        """Return a copy of an object without its secrets; nested Secrets (lists, templates) are redacted too."""
        identity = _identity(obj)
        redacted: JsonObject = self._walk(obj, identity, secrecy)
        return redacted

    def redact_text(self, text: str, secrecy: Secrecy, about: ResourceId | None = None) -> str:
        """Return a text, such as a message or a name, without the values of ``secrecy``."""
        return self._text(text, "" if about is None else _named(about), secrecy)

    def digest(self, value: bytes, identity: str = "", *, decrypted: bool = False) -> str:
        """Return what stands for a value: the same for the same value in the same object, on any machine."""
        return f"<redacted {_digest(*self._how(decrypted), identity, value)}>"

    def _how(self, decrypted: bool) -> tuple[bytes, bool]:
        key = self._key or (self._private if decrypted else b"")
        return (key, False) if key else (_NO_KEY, decrypted)

    def _walk(self, value: Any, identity: str, secrecy: Secrecy) -> Any:
        if isinstance(value, dict):
            if value.get("kind") == "Secret":
                return self._secret(value, _identity(value), secrecy)
            return {self._text(k, identity, secrecy): self._walk(v, identity, secrecy) for k, v in value.items()}
        if isinstance(value, list):
            return [self._walk(item, identity, secrecy) for item in value]
        return self._scalar(value, identity, secrecy)

    def _secret(self, secret: JsonObject, identity: str, secrecy: Secrecy) -> JsonObject:
        redacted: JsonObject = {}
        for key, value in secret.items():
            if key in ("data", "stringData"):
                redacted[key] = self._hidden(value, identity, secrecy.decrypted, encoded=key == "data")
            else:
                redacted[key] = self._walk(value, identity, secrecy)
        annotations = mapping(redacted, "metadata").get("annotations")
        if isinstance(annotations, dict):
            redacted["metadata"]["annotations"] = self._annotations(annotations, secret, identity, secrecy)
        return redacted

    def _annotations(self, annotations: JsonObject, secret: JsonObject, identity: str, secrecy: Secrecy) -> JsonObject:
        """Return a Secret's annotations without what ``kubectl apply`` noted, nor values of its own."""
        own = tuple(value for value in values_in(secret) if len(value) >= 2 * _LONG_ENOUGH)
        hidden: JsonObject = self._walk(annotations, identity, Secrecy(own, secrecy.decrypted))
        if LAST_APPLIED in hidden:
            content = str(annotations[LAST_APPLIED]).encode()
            hidden[LAST_APPLIED] = self.digest(content, identity, decrypted=secrecy.decrypted)
        return hidden

    def _hidden(self, value: Any, identity: str, decrypted: bool, *, encoded: bool) -> Any:
        """Return a value of a Secret with every scalar below it redacted, keys left."""
        if isinstance(value, dict):
            return {k: self._hidden(v, identity, decrypted, encoded=encoded) for k, v in value.items()}
        if isinstance(value, list):
            return [self._hidden(item, identity, decrypted, encoded=encoded) for item in value]
        if value is None or value == "":
            return value
        text = value if isinstance(value, str) else json.dumps(value)
        content = (_decoded(text) if encoded else None) or text.encode()
        if is_unknown(text) or is_unknown(content.decode(errors="replace")):
            return text if is_unknown(text) else content.decode(errors="replace")
        return self.digest(content, identity, decrypted=decrypted)

    def _scalar(self, value: Any, identity: str, secrecy: Secrecy) -> Any:
        if isinstance(value, str):
            return self._text(value, identity, secrecy)
        if value is not None and secrecy.values:
            text = json.dumps(value)
            if any(text == secret.strip().lower() for secret in secrecy.values):
                return self.digest(text.encode(), identity, decrypted=secrecy.decrypted)
        return value

    def _text(self, text: str, identity: str, secrecy: Secrecy) -> str:
        if not secrecy.values:
            return text
        pattern = _pattern(secrecy.values)
        return pattern.sub(lambda found: self.digest(found[0].encode(), identity, decrypted=secrecy.decrypted), text)


def is_unknown(text: str) -> bool:
    """Return whether a text stands for a value that Git can't tell: encrypted by SOPS, or a variable's placeholder."""
    return text.startswith((ENCRYPTED, _PLACEHOLDER))


def values_in(secret: JsonObject) -> tuple[str, ...]:
    """Return the texts that a Secret holds, decoded; those that Git can't tell, binary and empty ones left out."""
    found: list[str] = []
    for key, encoded in (("data", True), ("stringData", False)):
        for value in mapping(secret, key).values():
            content = (_decoded(value) if encoded else None) if isinstance(value, str) else None
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
        return Secrecy(tuple(sorted(filter(str.strip, values))), bool(mapping(part.object, "spec", "decryption")))

    @cached_property
    def _all(self) -> frozenset[str]:
        return frozenset(value for values in self._taken.values() for value in values)

    @cached_property
    def _taken(self) -> dict[int, list[str]]:
        """The values of the variables that each part took out of Secrets, and all that was decrypted for it."""
        found: dict[int, list[str]] = {}
        for part in self._cluster.parts:
            if part.rendered is not None and part.rendered.secrets:
                found[id(part)] = list(part.rendered.secrets)
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
        if len(value) >= 2 * _LONG_ENOUGH and not value.endswith(":"):
            yield value


def _identity(obj: JsonObject) -> str:
    metadata = mapping(obj, "metadata")
    names = (obj.get("kind"), metadata.get("namespace"), _GENERATED.sub("", str(metadata.get("name") or "")))
    return "/".join(str(name or "") for name in names)


def _named(id: ResourceId) -> str:
    return f"{id.kind}/{id.namespace}/{_GENERATED.sub('', id.name)}"


@lru_cache(maxsize=512)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds any of the values, the longest first."""
    choices = [
        re.escape(value) if len(value) >= _LONG_ENOUGH else rf"(?<!\w){re.escape(value)}(?!\w)"
        for value in sorted(values, key=lambda value: (-len(value), value))
    ]
    return re.compile("|".join(choices))


@lru_cache(maxsize=65536)
def _digest(key: bytes, stretched: bool, identity: str, value: bytes) -> str:
    if stretched:
        return hashlib.pbkdf2_hmac("sha256", value, key + identity.encode(), _ROUNDS).hex()[:8]
    return hmac.digest(key, identity.encode() + b"\0" + value, "sha256").hex()[:8]


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _derived(purpose: bytes, secrets: Iterable[bytes]) -> bytes:
    joined = b"\0".join(sorted(secret for secret in secrets if secret))
    return hmac.digest(_NO_KEY + b" " + purpose, joined, "sha256") if joined else b""


def _age_keys(environ: Mapping[str, str]) -> list[bytes]:
    """Return the age identities where SOPS looks for them: SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, and its own file."""
    texts = [environ.get("SOPS_AGE_KEY", "")]
    home = environ.get("XDG_CONFIG_HOME") or (f"{environ['HOME']}/.config" if environ.get("HOME") else "")
    for file in (environ.get("SOPS_AGE_KEY_FILE"), f"{home}/sops/age/keys.txt" if home else None):
        try:
            texts.append(Path(file).read_text(encoding="utf-8") if file else "")
        except (OSError, UnicodeDecodeError):
            continue
    lines = {line.strip() for text in texts for line in text.splitlines()}
    return [line.encode() for line in lines if line.startswith("AGE-SECRET-KEY-")]
