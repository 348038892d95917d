"""Which Flux a cluster runs, and what that means for variables that are not set."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pytest_gitops.model import JsonObject, Resource
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.patterns import fits

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


def told_by(resource: Resource) -> tuple[str | None, bool | None] | None:
    """Return the Flux version and the feature gate's setting that a rendered object tells, each None where it doesn't.

    That is kustomize-controller's Deployment, by its labels and arguments, or a FluxInstance; None for any other.
    """
    if resource.kind == "Deployment" and resource.name == CONTROLLER:
        labels = mapping(resource.metadata, "labels")
        part_of_flux = labels.get("app.kubernetes.io/part-of") == "flux"
        return scalar(labels, "app.kubernetes.io/version") or None if part_of_flux else None, gate_in([resource.text])
    if resource.kind == "FluxInstance" and resource.id.group == "fluxcd.controlplane.io":
        spec = mapping(resource.object, "spec")
        patches = listed(mapping(spec, "kustomize"), "patches")
        return scalar(mapping(spec, "distribution"), "version") or None, gate_in_patches(patches)
    return None


def _targets_controller(patch: JsonObject) -> bool:
    name = scalar(mapping(patch, "target"), "name")
    return not name or fits(name, CONTROLLER, otherwise=True)
