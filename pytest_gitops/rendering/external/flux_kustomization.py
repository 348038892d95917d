"""Prepares a Flux Kustomization for ``flux build``, which reads no ConfigMap or Secret of a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_gitops.model import JsonObject
from pytest_gitops.rendering.protocol import BuildRequest, RenderError

_UNSET = re.compile(r'variable not set \(strict mode\): \\?"([^"\\]+)\\?"')


def values_of(request: BuildRequest) -> dict[str, str] | RenderError:
    """Return the variables that substitution gets: the last source wins, and inline ``substitute`` over them all."""
    post_build = _post_build(request.kustomization)
    known = {(source.kind, source.name): source for source in request.variables}
    values: dict[str, str] = {}
    for entry in post_build.get("substituteFrom") or ():
        source = known.get((str(entry.get("kind")), str(entry.get("name"))))
        if source is not None:
            values |= source.values
        elif not entry.get("optional"):
            return RenderError(
                "substitution",
                f"{entry.get('kind')} {entry.get('name')} of spec.postBuild.substituteFrom is not there",
                field="spec.postBuild.substituteFrom",
            )
    return values | {str(name): str(value) for name, value in (post_build.get("substitute") or {}).items()}


def inlined(kustomization: JsonObject, values: Mapping[str, str]) -> JsonObject:
    """Return the Kustomization with all its variables in ``substitute``."""
    spec = dict(kustomization.get("spec") or {})
    if "postBuild" in spec:
        rest = {k: v for k, v in _post_build(kustomization).items() if k != "substituteFrom"}
        spec["postBuild"] = {**rest, "substitute": dict(values)}
    return {**kustomization, "spec": spec}


def unset_variable(message: str) -> str | None:
    """Return the variable that strict substitution misses, if that is what an error says."""
    match = _UNSET.search(message)
    return match[1] if match else None


def placeholder(variable: str) -> str:
    """Return what stands for a value that Git can't tell."""
    return f"gitops-placeholder-{variable.lower().replace('_', '-')}"


def _post_build(kustomization: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return ((kustomization or {}).get("spec") or {}).get("postBuild") or {}
