"""A manifest beside a kustomization file is one of its resources."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from yaml.nodes import Node

from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.overlay_file import NAMES, is_overlay_file
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.sources import SourceFile, scalar
from pytest_gitops.model import Location


@rule(
    "orphan-file",
    check="references",
    set="recommended",
    severity="warning",
    scope=Scope.FILE,
    contains=r"^kind:",
    description="A Kubernetes manifest in a directory with a kustomization file that clusters use is named by "
    "it, or by another "
    "one. A file that nothing names is applied nowhere, which is easily overlooked.",
    passing=["kind: ConfigMap\napiVersion: v1\nmetadata: {name: settings}"],
    failing=["# unlisted\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: settings}"],
    remedy="Add the file to `resources` of the kustomization file, or remove it.",
    source="https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/",
)
def orphan_file(file: SourceFile, index: FleetIndex) -> Iterator[Violation]:
    """Yield a violation for a manifest that no render read, though one read the kustomization file beside it."""
    reads = index.readers
    directory = dirname(file.path)
    beside = [f"{directory}/{name}".lstrip("/") for name in NAMES]
    if file.path in reads or is_overlay_file(file.path) or not any(path in reads for path in beside):
        return
    if any(_is_manifest(document) for document in file.documents):
        message = "no kustomization file names this manifest: it is applied nowhere"
        yield Violation(message, location=Location(file.path, 1))


def _is_manifest(document: Node) -> bool:
    return all(scalar(document, *keys) for keys in (("apiVersion",), ("kind",), ("metadata", "name")))
