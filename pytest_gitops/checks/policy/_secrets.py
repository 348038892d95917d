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
_PUBLIC_WORD = re.compile(
    "bucket|cipher|database|disabled|domain|driver|email|enabled|endpoint|environment|host|hostname|level|location|mode"
    "|name|namespace|path|port|project|protocol|provider|region|repository|scopes?|server|size|timezone|type|tz|user"
    "|username|version|zone"
)
_PUBLIC_IDS = frozenset({"account", "client", "project", "subscription", "tenant", "tunnel", "zone"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
# An address without a password and a query, of which nothing looks random.
_PLAIN_URL = re.compile(
    r"^([a-z0-9]+:)?[a-z][a-z0-9+.-]*://([^/@:?#]+@)?[^/@?#]*(/(?![^/]*\d[^/]{8})(?![^/]{8,}\d)[^/?#@]*)*$",
    re.IGNORECASE,
)
# An address that lets in whoever has it: by its password, or as that of a webhook.
_LETS_IN = re.compile(r"://[^/@]*:[^/@]+@|://[^/]*/.*(hook|/services/)|://[^/]*/bot", re.IGNORECASE)


def is_plaintext(key: str, value: str, *, encoded: bool = False) -> bool:
    """Return whether ``value`` is a secret that anyone can read; ``encoded`` says that it is Base64."""
    if encoded and not _STANDS_FOR.search(value.strip()):
        value = _decoded(value)
    value = value.strip()
    if value.lower() in ("", "true", "false", "null", "~") or _STANDS_FOR.search(value):
        return False
    if _LETS_IN.search(value):
        return True
    return not (_PUBLIC_VALUE.search(value) or _is_public(key) or _PLAIN_URL.search(value))


def stands_for(value: str) -> bool:
    """Return whether a value is written for one that is kept elsewhere, or yet to be filled in."""
    return _STANDS_FOR.search(value.strip()) is not None


def _is_public(key: str) -> bool:
    words = [word.lower() for word in _WORD.findall(key)] or [""]
    named = _PUBLIC_WORD.fullmatch(words[-1]) is not None or (
        words[-1] == "id" and not _PUBLIC_IDS.isdisjoint(words[-2:-1])
    )
    return named or any(fnmatchcase(key, pattern) for pattern in _PUBLIC_KEYS)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode("".join(value.split()), validate=True).decode("utf-8", errors="replace")
    except (binascii.Error, ValueError):
        return value
