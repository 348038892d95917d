"""What a chart makes anew at each render, and is no change: passwords, certificates, and the checksums of them."""

from __future__ import annotations

import json
from typing import Any

from pytest_gitops.model import HelmRelease, JsonObject, Part, Resource
from pytest_gitops.review.comparison import Held

# What of ``Chart.uses`` makes a value differ from render to render.
_RESTLESS = ("random", "time")
_MISSING = object()


def is_restless(part: Part) -> bool:
    """Return whether what a part renders to differs from one render to the next."""
    chart = part.chart if isinstance(part, HelmRelease) else None
    return chart is not None and any(use in chart.uses for use in _RESTLESS)


def without_noise(before: Held, after: Held) -> Held:
    """Return the object at head with base's values where a restless chart generates them.

    These are values of Secrets, certificates of webhooks (``caBundle``) and checksums in annotations, where both
    revisions have one. Helm keeps none of them either way: what it is, is known only to the cluster.
    """
    if not (is_restless(before.part) and is_restless(after.part)):
        return after
    old, new = before.resource.object, after.resource.object
    merged = _merged(old, new, secret=new.get("kind") == "Secret")
    if merged == new:
        return after
    resource = after.resource
    return Held(
        after.part,
        Resource(
            id=resource.id,
            api_version=resource.api_version,
            text=json.dumps(merged),
            origin=resource.origin,
            transformations=resource.transformations,
        ),
    )


def _merged(old: Any, new: Any, *, secret: bool) -> Any:
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_merged(ours, theirs, secret=False) for ours, theirs in zip(old, new, strict=True)]
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    found: JsonObject = {}
    for key, value in new.items():
        before = old.get(key, _MISSING)
        if before is _MISSING:
            found[key] = value
        elif secret and key in ("data", "stringData") and isinstance(value, dict) and isinstance(before, dict):
            found[key] = {name: before.get(name, text) for name, text in value.items()}
        elif key == "annotations" and isinstance(value, dict) and isinstance(before, dict):
            found[key] = {name: before.get(name, v) if "checksum" in name else v for name, v in value.items()}
        elif key == "caBundle" and isinstance(value, str):
            found[key] = before
        else:
            found[key] = _merged(before, value, secret=False)
    return found
