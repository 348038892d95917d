"""A Flux Kustomization is of Flux's API group, not of kustomize's."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.overlay_file import is_overlay_file
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.sources import SourceFile, child, line_of, scalar
from pytest_gitops.model import Location


@rule(
    "kustomization-group",
    check="references",
    set="essential",
    scope=Scope.FILE,
    contains=r"^apiVersion:.*kustomize\.config\.k8s\.io/",
    description="A manifest of kind Kustomization with a `spec` is of the group `kustomize.toolkit.fluxcd.io`. "
    "kustomize-controller drops those of the group `kustomize.config.k8s.io` from what it applies, without a word: "
    "what the Kustomization should build is never there.",
    remedy="Write `apiVersion: kustomize.toolkit.fluxcd.io/v1`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps}
spec: {path: ./apps, sourceRef: {kind: GitRepository, name: flux-system}}
"""
    ],
    failing=[
        """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
metadata: {name: apps}
spec: {path: ./apps, sourceRef: {kind: GitRepository, name: flux-system}}
"""
    ],
)
def kustomization_group(file: SourceFile, index: FleetIndex) -> Iterator[Violation]:
    """Yield a violation for each document of kustomize's group that has what only Flux's Kustomization has."""
    if is_overlay_file(file.path) or file.path not in index.readers:
        return
    for document in file.documents:
        ours = (scalar(document, "apiVersion") or "").startswith("kustomize.config.k8s.io/")
        if ours and scalar(document, "kind") == "Kustomization" and child(document, "spec") is not None:
            message = f"Flux leaves out Kustomization {scalar(document, 'metadata', 'name')}: its group is kustomize's"
            yield Violation(message, location=Location(file.path, line_of(document)))
