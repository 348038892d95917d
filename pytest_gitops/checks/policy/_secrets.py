"""How a value that must not be read by everyone is told from one that may be."""

from __future__ import annotations

import base64
import binascii
import re
from fnmatch import fnmatchcase

# What stands for a secret that is kept elsewhere: substitution, templates, and the references of 1Password,
# vals, Vault and Argo CD's plugin; then what an author writes to say that a value is to be filled in.
_STANDS_FOR = re.compile(
    r"\$\{|\{\{|<<|^\$\(|^op://|^ref\+|^vault:|^secretref:|<path:|^<[^<>]*>$|^ENC\["
    r"|^(replace|change|insert|fill|todo|placeholder|redacted|dummy|your)[-_ .]?|^[x*.]+$",
    re.IGNORECASE,
)
_PUBLIC_VALUE = re.compile(r"^\s*-----BEGIN (CERTIFICATE|PUBLIC KEY|PGP PUBLIC KEY BLOCK)|^ssh-(rsa|ed25519) |^ecdsa-")
_PUBLIC_KEYS = (
    *("known_hosts", "*.pub", "*.crt", "*.cer", "*.asc", "caFile", "certFile", "username", "user", "url", "type"),
    *("name", "host", "hostname", "port", "region", "email", "project"),
)


def is_plaintext(key: str, value: str, *, encoded: bool = False) -> bool:
    """Return whether ``value`` is a secret that anyone can read; ``encoded`` says that it is Base64."""
    if encoded and not _STANDS_FOR.search(value.strip()):
        value = _decoded(value)
    value = value.strip()
    if value.lower() in ("", "true", "false", "null", "~") or _STANDS_FOR.search(value):
        return False
    return not _PUBLIC_VALUE.search(value) and not any(fnmatchcase(key, pattern) for pattern in _PUBLIC_KEYS)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode("".join(value.split()), validate=True).decode("utf-8", errors="replace")
    except (binascii.Error, ValueError):
        return value
