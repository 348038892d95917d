"""Reads objects that nobody has checked: what should be a mapping, a list or a text may be anything."""

from __future__ import annotations

import re
from typing import Any

from pytest_gitops.model import JsonObject

# What kustomize puts behind the name of what it generates; it changes with the content. Source: kustomize's api/hasher.
HASH = "-[2456789bcdfghkmt]{10}"
_ENDS_IN_HASH = re.compile(f"{HASH}$")


def without_hash(name: str) -> str:
    """Return a name without the hash that kustomize may have put behind it."""
    return _ENDS_IN_HASH.sub("", name)


def mapping(obj: Any, *keys: str) -> JsonObject:
    """Return the mapping below some keys, empty where it isn't there or is none."""
    for key in keys:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj if isinstance(obj, dict) else {}


def listed(obj: Any, key: str) -> list[Any]:
    """Return the list below a key, empty where it isn't there or is none."""
    value = obj.get(key) if isinstance(obj, dict) else None
    return value if isinstance(value, list) else []


def scalar(obj: Any, key: str) -> str:
    """Return what is below a key as a text, empty where it isn't there, false or no scalar."""
    value = obj.get(key) if isinstance(obj, dict) else None
    return str(value) if value and isinstance(value, str | int | float) else ""


def name_of(obj: Any) -> str:
    """Return an object's name, empty where it has none."""
    return scalar(mapping(obj, "metadata"), "name")


def namespace_of(obj: Any) -> str:
    """Return an object's namespace, empty where it has none."""
    return scalar(mapping(obj, "metadata"), "namespace")
