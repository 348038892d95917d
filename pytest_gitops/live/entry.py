"""What ``flux bootstrap`` leaves in a cluster: the entry's source and Kustomization, as the fleet knows them."""

from __future__ import annotations

from pathlib import Path

from pytest_gitops.model import Cluster, JsonObject, Kustomization, Source

# For a source that nobody declares more of than its name; what is really read stands in for it.
_URL = "https://example.com/repository"


def entry_objects(cluster: Cluster) -> list[JsonObject]:
    """Return the sources of a cluster's entry, and its Kustomizations, as files would hold them."""
    roots = [each for each in cluster.kustomizations if each.parent is None]
    sources = [source.object for root in roots for source in cluster.sources if _names(root, source)]
    found: list[JsonObject] = []
    for obj in (*map(_whole, sources), *(bare(root.object) for root in roots)):
        if obj not in found:
            found.append(obj)
    return found


def local_sources(cluster: Cluster) -> list[tuple[Source, Path]]:
    """Return the GitRepositories whose artifact is here, each with its directory.

    That is the repository, another one beside it that the user has mapped, or what was fetched.
    """
    return [
        (source, source.directory.resolve())
        for source in cluster.sources
        if source.directory is not None and source.id.kind == "GitRepository"
    ]


def bare(obj: JsonObject) -> JsonObject:
    """Return an object as a file would hold it."""
    metadata = {key: obj["metadata"][key] for key in ("name", "namespace", "annotations") if key in obj["metadata"]}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata, "spec": obj.get("spec") or {}}


def _names(kustomization: Kustomization, source: Source) -> bool:
    reference = kustomization.spec.get("sourceRef") or {}
    namespace = str(reference.get("namespace") or kustomization.id.namespace)
    named = (reference.get("kind"), namespace, reference.get("name"))
    return (source.id.kind, source.id.namespace, source.id.name) == named


def _whole(source: JsonObject) -> JsonObject:
    found = bare(source)
    return {**found, "spec": {"interval": "1m", "url": _URL, **found["spec"]}}
