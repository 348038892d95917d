"""Rules judged on YAML text: the cluster that it would make, without a repository."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import yaml

from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.judging import judge
from pytest_gitops.checks.rule import Rule, Scope, Violation
from pytest_gitops.checks.sources import LOADER, SourceFile
from pytest_gitops.model import (
    Cluster,
    Fleet,
    HelmRelease,
    JsonObject,
    Kustomization,
    Location,
    Rendered,
    Resource,
    ResourceId,
    Skipped,
)

FILE = "example.yaml"
ENTRY = "flux-system/flux-system"
RELEASE = "HelmRelease"
UNLISTED = "# unlisted"


def violations(rule: Rule, text: str) -> list[Violation]:
    """Return what a rule says about a cluster that holds the objects of a YAML text, or about a file of that text.

    Every Flux Kustomization of the text is one of the cluster's; the other objects are rendered by its entry.
    """
    index = FleetIndex(fleet(text))
    if rule.scope is Scope.FILE:
        return list(rule(SourceFile.of(FILE, text), index))
    return [hit.violation for hit in judge(index, [rule])]


def fleet(text: str) -> Fleet:
    """Return a fleet of one cluster, ``example``, that holds the objects of a YAML text.

    Objects with Flux's label ``kustomize.toolkit.fluxcd.io/name`` are what the Kustomization of that name renders, with
    ``helm.toolkit.fluxcd.io/name`` what that HelmRelease does, all others what the entry renders. A Kustomization of an
    ExternalArtifact is skipped, its source not being there.
    A text that begins with the comment ``# unlisted`` is a file that the entry's kustomization file does not name.
    """
    objects = [obj for obj in yaml.load_all(text, Loader=LOADER) if isinstance(obj, dict)]
    owned: dict[str, list[Resource]] = defaultdict(list)
    for obj in objects:
        owned[_owner(obj)].append(_resource(obj))
    reads = ("kustomization.yaml", *(() if text.startswith(UNLISTED) else (FILE,)))
    entry = _kustomization("flux-system", Rendered(tuple(owned[""]), reads=reads))
    declared = [
        _declared(obj, owned[str(obj["metadata"]["name"])])
        for obj in objects
        if str(obj.get("apiVersion")).startswith("kustomize.toolkit.fluxcd.io")
    ]
    releases = [
        _release(obj, owned[f"helm/{obj['metadata']['name']}"]) for obj in objects if obj.get("kind") == RELEASE
    ]
    cluster = Cluster(
        "example", entry=".", file=FILE, kustomizations=(entry, *declared), helm_releases=tuple(filter(None, releases))
    )
    return Fleet(Path(), (cluster,))


def _resource(obj: JsonObject) -> Resource:
    text = json.dumps(obj, default=str)
    return Resource(id=ResourceId.of(obj), api_version=str(obj.get("apiVersion")), text=text, origin=FILE)


def _owner(obj: JsonObject) -> str:
    labels = (obj.get("metadata") or {}).get("labels") or {}
    release = labels.get("helm.toolkit.fluxcd.io/name")
    return f"helm/{release}" if release else str(labels.get("kustomize.toolkit.fluxcd.io/name") or "")


def _release(obj: JsonObject, owned: list[Resource]) -> HelmRelease | None:
    """Return a HelmRelease that something is rendered of."""
    outcome = Rendered(tuple(owned))
    return HelmRelease(ResourceId.of(obj), obj, Location(FILE, 1), outcome, parent=ENTRY) if owned else None


def _declared(obj: JsonObject, owned: list[Resource]) -> Kustomization:
    artifact = ((obj.get("spec") or {}).get("sourceRef") or {}).get("kind") == "ExternalArtifact"
    outcome = Skipped("its source is not available") if artifact else Rendered(tuple(owned))
    return Kustomization(ResourceId.of(obj), obj, Location(FILE, 1), outcome, parent=ENTRY)


def _kustomization(name: str, rendered: Rendered) -> Kustomization:
    id = ResourceId("kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", name)
    return Kustomization(id, {}, Location(FILE, 1), rendered, implicit=True)
