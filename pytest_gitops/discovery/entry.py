"""A cluster's entry: what the cluster was bootstrapped with, and all else grows from."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_gitops.discovery.instance import FluxInstance
from pytest_gitops.model import JsonObject, Location

BOOTSTRAP_NAME = "flux-system"


@dataclass(frozen=True, slots=True)
class Root:
    """A Kustomization that no other declares: the cluster got it from ``flux bootstrap``, an operator or by hand.

    ``field`` is the field of the document at ``location`` that holds what ``spec`` holds in a Kustomization.
    """

    object: JsonObject
    location: Location
    implicit: bool = False
    field: str = "spec"


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a cluster begins: the directory it was bootstrapped with and the Kustomizations that nothing declares.

    ``file`` stands for the cluster in reports. ``sources`` are source objects that nothing in the cluster
    renders. ``problem`` says why the entry can't be had at all, ``set_aside`` why
    the directory isn't built though its Kustomizations are. ``name`` is set by ``name_entries``.
    """

    path: str
    file: str
    roots: tuple[Root, ...]
    sources: tuple[tuple[JsonObject, Location], ...] = ()
    instance: FluxInstance | None = None
    problem: str | None = None
    set_aside: str | None = None
    name: str = ""


def implicit_root(path: str, file: str, kind: str = "GitRepository") -> Root:
    """Return the Kustomization that ``flux bootstrap`` would make for a directory, which no file declares."""
    obj: JsonObject = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": BOOTSTRAP_NAME, "namespace": BOOTSTRAP_NAME},
        "spec": {
            "interval": "10m0s",
            "path": f"./{path}",
            "prune": True,
            "sourceRef": {"kind": kind, "name": BOOTSTRAP_NAME},
        },
    }
    return Root(obj, Location(file), implicit=True)
