"""How a value that must not be read by everyone is told from one that may be."""

from __future__ import annotations

import base64
import binascii
import re
from fnmatch import fnmatchcase

# What stands for a secret that is kept elsewhere: substitution, templates, and the references of 1Password,
# vals, Vault and Argo CD's plugin; then what an author writes to say that a value is to be filled in.
_STANDS_FOR = re.compile(
    r"\$\{|\{\{|<<|^\$\(|^(op|secrets?)://|^ref\+|^vault:|^secretref:|<path:|^<[^<>]*>$|^ENC\["
    r"|^(replace|change|insert|fill|todo|placeholder|redacted|dummy|your)[-_ .]?|^[x*.]+$",
    re.IGNORECASE,
)
_PUBLIC_VALUE = re.compile(
    r"^\s*-----BEGIN (CERTIFICATE|PUBLIC KEY|PGP PUBLIC KEY BLOCK)|^ssh-(rsa|ed25519) |^ecdsa-"
    r"|^[0-9]{1,3}$|^[0-9]+(ms|s|m|h|d)$|^[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]+|:[0-9]+)?$"
)
_PUBLIC_KEYS = ("known_hosts", "*.pub", "*.crt", "*.cer", "*.asc", "caFile", "certFile", "url")
# What the last word of a key says that it is: nothing that opens anything. `MY_DB_HOST`, `clientId`.
_PUBLIC_WORDS = frozenset(
    {
        *(
            "bucket",
            "cipher",
            "database",
            "disabled",
            "domain",
            "driver",
            "email",
            "enabled",
            "endpoint",
            "environment",
            "host",
        ),
        *("hostname", "level", "location", "mode", "name", "namespace", "path", "port", "project", "protocol"),
        *("provider", "region", "scope", "scopes", "server", "size", "timezone", "type", "tz", "user", "username"),
        *("version", "zone"),
    }
)
_PUBLIC_IDS = frozenset({"account", "client", "project", "subscription", "tenant", "tunnel", "zone"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
# An address without what lets someone in: neither a user, nor a query, nor what looks random or like a webhook's.
_PLAIN_URL = re.compile(r"^[a-z][a-z0-9+.-]*://[^/@?#]*(/(?![^/]*\d[^/]{8})(?![^/]{8,}\d)[^/?#@]*)*$", re.IGNORECASE)
_CALLS_IN = re.compile(r"hook|/bot|/services/", re.IGNORECASE)


def is_plaintext(key: str, value: str, *, encoded: bool = False) -> bool:
    """Return whether ``value`` is a secret that anyone can read; ``encoded`` says that it is Base64."""
    if encoded and not _STANDS_FOR.search(value.strip()):
        value = _decoded(value)
    value = value.strip()
    if value.lower() in ("", "true", "false", "null", "~") or _STANDS_FOR.search(value):
        return False
    return not (_PUBLIC_VALUE.search(value) or _is_public(key) or _is_address(value))


def stands_for(value: str) -> bool:
    """Return whether a value is written for one that is kept elsewhere, or yet to be filled in."""
    return _STANDS_FOR.search(value.strip()) is not None


def _is_public(key: str) -> bool:
    words = [word.lower() for word in _WORD.findall(key)] or [""]
    named = words[-1] in _PUBLIC_WORDS or (words[-1] == "id" and not _PUBLIC_IDS.isdisjoint(words[-2:-1]))
    return named or any(fnmatchcase(key, pattern) for pattern in _PUBLIC_KEYS)


def _is_address(value: str) -> bool:
    return _PLAIN_URL.search(value) is not None and _CALLS_IN.search(value) is None


def _decoded(value: str) -> str:
    try:
        return base64.b64decode("".join(value.split()), validate=True).decode("utf-8", errors="replace")
    except (binascii.Error, ValueError):
        return value
