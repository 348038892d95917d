"""Which Flux a cluster runs, and what that means for variables that are not set."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pytest_gitops.model import JsonObject, Resource
from pytest_gitops.objects import mapping, scalar

# kustomize-controller 1.9 (Flux 2.9) turned StrictPostBuildSubstitutions on by default.
STRICT_SINCE = (2, 9)
NUMBERS = re.compile(r"^\s*[v=~^>]*\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?")
GATE = re.compile(r"StrictPostBuildSubstitutions\s*=\s*(true|false)", re.IGNORECASE)
CONTROLLER = "kustomize-controller"


def is_strict(version: str | None) -> bool:
    """Tell whether an unset variable is an error by default in a version such as ``v2.8.1``, ``2.7.x`` or ``2.x``.

    A range means its newest release; where the version isn't known, the current release counts.
    """
    match = NUMBERS.match(version or "")
    if match is None or match[2] is None:
        return True
    if re.match(r"\s*[>^]", version or ""):
        return True
    return (int(match[1]), int(match[2])) >= STRICT_SINCE


def gate_in(texts: Iterable[str]) -> bool | None:
    """Return what the last of some command-line arguments or patches sets the feature gate to, None for nothing."""
    found = [match[1].lower() == "true" for text in texts for match in GATE.finditer(text)]
    return found[-1] if found else None


def gate_in_patches(patches: Iterable[JsonObject]) -> bool | None:
    """Return what a FluxInstance's patches set the feature gate to for kustomize-controller, None for nothing."""
    return gate_in(scalar(patch, "patch") for patch in patches if _targets_controller(patch))


def gate_in_deployment(resource: Resource) -> bool | None:
    """Return what a rendered Deployment's arguments set the feature gate to, None for nothing."""
    return gate_in([resource.text])


def is_controller(resource: Resource) -> bool:
    """Tell whether a rendered object is kustomize-controller's Deployment."""
    return resource.kind == "Deployment" and resource.name == CONTROLLER


def labelled_version(resource: Resource) -> str | None:
    """Return the Flux version that an object of ``flux install`` carries as a label, None where it has none."""
    labels = mapping(resource.metadata, "labels")
    part_of_flux = labels.get("app.kubernetes.io/part-of") == "flux"
    return scalar(labels, "app.kubernetes.io/version") or None if part_of_flux else None


def _targets_controller(patch: JsonObject) -> bool:
    name = scalar(mapping(patch, "target"), "name")
    try:
        return not name or re.fullmatch(name, CONTROLLER) is not None
    except re.error:
        return True
