"""Replaces what is secret in objects by short keyed digests, so that a change shows and the value doesn't.

Secret is what a Secret holds, and what post-build substitution took out of a Secret. What Git itself can't tell (SOPS'
``ENC[…]``, placeholders) is no secret and stays as it is.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_gitops.decryption import find_keys
from pytest_gitops.exceptions import ConfigurationError
from pytest_gitops.model import JsonObject, ResourceId
from pytest_gitops.objects import mapping, without_hash
from pytest_gitops.secrecy import PLAIN, ClusterSecrets, Secrecy, decoded, is_unknown, secrecy, values_in

__all__ = ["KEY", "LAST_APPLIED", "PLAIN", "ClusterSecrets", "Redactor", "Secrecy", "secrecy", "values_in"]

KEY = "GITOPS_SNAPSHOT_KEY"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_LONG_ENOUGH = 4  # a shorter value is only found where it is a word of its own
_PUBLIC = frozenset({"apiVersion", "kind", "labels", "matchLabels", "name", "namespace", "selector"})
_LONG = 12  # so long a decrypted value isn't any word
_ROUNDS = 20_000
_NO_KEY = b"pytest-gitops"


class Redactor:
    """Replaces secret values by ``<redacted 1f2e3d4c>``: the start of an HMAC over the object's identity and the value.

    ``key`` is for all values. ``private`` is for decrypted values where there is no key; where there is neither, those
    are stretched, so that guessing costs more than it does for values that Git shows anyway.
    """

    def __init__(self, key: bytes = b"", private: bytes = b"") -> None:
        self._key = key
        self._private = private

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, files: Sequence[Path] = (), configured: Path | None = None
    ) -> Redactor:
        """Return a redactor with the key of ``GITOPS_SNAPSHOT_KEY``, and one made of the age keys of the run.

        Those are of ``files`` and the configured file; where these hold none, what SOPS would find by itself.
        """
        environ = os.environ if environ is None else environ
        key = environ.get(KEY, "").encode()
        own = _age_keys(files, configured, {}) or _age_keys((), None, environ)
        return cls(_derived(b"given", [key]) if key else b"", _derived(b"age", own))

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
            return {
                self._text(key, identity, secrecy): self._walk(item, identity, _below(key, secrecy))
                for key, item in value.items()
            }
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
        hidden: JsonObject = self._walk(annotations, identity, replace(secrecy, values=(*own, *secrecy.values)))
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
        content = (decoded(text) if encoded else None) or text.encode()
        if is_unknown(text) or is_unknown(content.decode(errors="replace")):
            return text if is_unknown(text) else content.decode(errors="replace")
        return self.digest(content, identity, decrypted=decrypted)

    def _scalar(self, value: Any, identity: str, secrecy: Secrecy) -> Any:
        if isinstance(value, str):
            if secrecy.whole and value.strip() in secrecy.whole:
                return self.digest(value.encode(), identity, decrypted=secrecy.decrypted)
            return self._text(value, identity, secrecy)
        if value is not None and secrecy.values:
            text = json.dumps(value)
            if any(text == secret.strip().lower() for secret in secrecy.values):
                return self.digest(text.encode(), identity, decrypted=secrecy.decrypted)
        return value

    def _text(self, text: str, identity: str, secrecy: Secrecy) -> str:
        values = (*secrecy.values, *_long(secrecy.whole))
        if not values:
            return text
        pattern = _pattern(values)
        return pattern.sub(lambda found: self.digest(found[0].encode(), identity, decrypted=secrecy.decrypted), text)


def _below(key: str, secrecy: Secrecy) -> Secrecy:
    """Return what is secret below a key: no label or name becomes a secret by being what a secret happens to be."""
    return replace(secrecy, whole=_long(secrecy.whole)) if secrecy.whole and key in _PUBLIC else secrecy


def _long(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values that are no word which an object may hold by chance."""
    return tuple(value for value in values if len(value) >= _LONG)


def _identity(obj: JsonObject) -> str:
    metadata = mapping(obj, "metadata")
    names = (obj.get("kind"), metadata.get("namespace"), without_hash(str(metadata.get("name") or "")))
    return "/".join(str(name or "") for name in names)


def _named(id: ResourceId) -> str:
    return f"{id.kind}/{id.namespace}/{without_hash(id.name)}"


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


def _derived(purpose: bytes, secrets: Iterable[bytes]) -> bytes:
    joined = b"\0".join(sorted(secret for secret in secrets if secret))
    return hmac.digest(_NO_KEY + b" " + purpose, joined, "sha256") if joined else b""


def _age_keys(files: Sequence[Path], configured: Path | None, environ: Mapping[str, str]) -> list[bytes]:
    """Return the age keys; none where they can't be read, which is told where something is decrypted with them."""
    try:
        return [identity.encode() for identity in find_keys(files, configured, environ).identities]
    except ConfigurationError:
        return []
