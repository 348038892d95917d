"""What a cluster is synced from is its own directory."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from yaml.nodes import Node

from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.sources import SourceFile, child, line_of, scalar
from pytest_gitops.model import Location
from pytest_gitops.paths import clean, is_below


@rule(
    "sync-path",
    check="references",
    set="essential",
    scope=Scope.FILE,
    files=("gotk-sync.yaml",),
    contains=r"^kind: *Kustomization",
    description="The Kustomization that `flux bootstrap` wrote into gotk-sync.yaml builds the directory that the file "
    "lies in. With the path of another cluster, a slip when its directory is copied, the cluster becomes a second one "
    "of that, and prunes what is its own.",
    remedy="Write the path of the cluster's own directory.",
    source="https://fluxcd.io/flux/installation/bootstrap/",
    passing=[
        """
kind: Kustomization
metadata: {name: flux-system}
spec: {path: ./clusters/example}
"""
    ],
    failing=[
        """# unlisted
kind: Kustomization
metadata: {name: flux-system}
spec: {path: ./clusters/other}
"""
    ],
)
def sync_path(file: SourceFile, index: FleetIndex) -> Iterator[Violation]:
    """Yield a violation for a bootstrap's Kustomization that builds another directory, where no cluster has it."""
    if _is_of_a_cluster(file, index):
        return
    for document in file.documents:
        path = scalar(document, "spec", "path")
        if path and _is_bootstrap(document) and not is_below(file.path, clean(path)):
            message = f"the Kustomization flux-system builds {path}, which is not the directory that declares it"
            remedy = f"Write path: ./{dirname(dirname(file.path))}." if "/" in file.path else None
            place = Location(file.path, line_of(child(document, "spec", "path") or document))
            yield Violation(message, location=place, remedy=remedy)


def _is_bootstrap(document: Node) -> bool:
    return scalar(document, "kind") == "Kustomization" and scalar(document, "metadata", "name") == "flux-system"


def _is_of_a_cluster(file: SourceFile, index: FleetIndex) -> bool:
    """A cluster that reads the file has it as its own; one that begins with it and doesn't build says why."""
    for part in (part for cluster in index.clusters for part in cluster.cluster.parts):
        reads = part.rendered.reads if part.rendered else None
        if file.path in reads if reads is not None else part.location.file == file.path:
            return True
    return False
