"""A manifest beside a kustomization file is one of its resources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, dirname, join, split

from yaml.nodes import Node

from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.overlay_file import NAMES, is_overlay_file
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.sources import SourceFile, scalar
from pytest_gitops.model import Location

_MANY = 2  # of so many siblings, one that is left out looks forgotten


@rule(
    "orphan-file",
    check="references",
    set="recommended",
    severity="warning",
    scope=Scope.FILE,
    contains=r"^kind:",
    description="A Kubernetes manifest in a directory with a kustomization file that clusters use is named by "
    "it, or by another one; so is one that lies as others do which the kustomization file above names (`*/ks.yaml`), "
    "but for what is commented out there. A file that nothing names is applied nowhere, which is easily overlooked.",
    passing=["kind: ConfigMap\napiVersion: v1\nmetadata: {name: settings}"],
    failing=["# unlisted\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: settings}"],
    remedy="Add the file to `resources` of the kustomization file, or remove it.",
    source="https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/",
)
def orphan_file(file: SourceFile, index: FleetIndex) -> Iterator[Violation]:
    """Yield a violation for a manifest that no render read, though one read the kustomization file beside it."""
    if file.path in index.readers or is_overlay_file(file.path):
        return
    if not _overlay_file(dirname(file.path), index) and not _is_left_out(file, index):
        return
    if any(_is_manifest(document) for document in file.documents):
        message = "no kustomization file names this manifest: it is applied nowhere"
        yield Violation(message, location=Location(file.path, 1))


def _overlay_file(directory: str, index: FleetIndex) -> str | None:
    """Return the kustomization file of a directory, if clusters use it."""
    return next((path for name in NAMES if (path := join(directory, name)) in index.readers), None)


def _is_left_out(file: SourceFile, index: FleetIndex) -> bool:
    """Tell whether the kustomization file above names this directory's siblings, and nothing of this directory."""
    directory, name = split(file.path)
    above = dirname(directory)
    overlay = _overlay_file(above, index)
    if (
        not directory
        or overlay is None
        or re.search(rf"\b{re.escape(basename(directory))}\b", index.files[overlay].text)
    ):
        return False
    if any(index.files[join(directory, own)].text for own in NAMES):
        return False  # an overlay of its own, which is rendered as one
    alike = [path for path in index.readers if basename(path) == name and dirname(dirname(path)) == above]
    return len(alike) >= _MANY


def _is_manifest(document: Node) -> bool:
    return all(scalar(document, *keys) for keys in (("apiVersion",), ("kind",), ("metadata", "name")))
