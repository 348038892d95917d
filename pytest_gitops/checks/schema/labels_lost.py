"""Labels are texts, so that none is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yaml.nodes import MappingNode, ScalarNode

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.overlay_file import document_of
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.checks.sources import child, line_of
from pytest_gitops.model import Location, Resource

_OWNER = re.compile(r'"labels":\{"kustomize\.toolkit\.fluxcd\.io/name":"[^"]*","kustomize[^"]*":"[^"]*"\}')
_TEXT = "tag:yaml.org,2002:str"


@rule(
    "labels-lost",
    check="schema",
    set="essential",
    severity="error",
    kinds=("*",),
    description="The values of an object's labels are texts. Where one is a number or a boolean, kustomize-controller "
    "drops all that were there when it adds its own, without a word.",
    remedy="Put the value in quotes.",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 1h
  prune: true
  path: ./apps
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substitute: {any: text}}
---
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {team: "1"}}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 1h
  prune: true
  path: ./apps
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substitute: {any: text}}
---
apiVersion: v1
kind: Namespace
metadata:
  name: web
  labels:
    team: 1
"""
    ],
)
def labels_lost(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for the label in the object's file that is no text, where the object has lost its labels."""
    if not _OWNER.search(resource.text) or not resource.origin:
        return
    files = context.fleet.files
    if "labels:" not in files[resource.origin].text:
        return
    document = document_of(files, resource.origin, resource, exactly=True)
    labels = child(document, "metadata", "labels")
    for key, value in labels.value if isinstance(labels, MappingNode) else ():
        if isinstance(value, ScalarNode) and value.tag != _TEXT:
            message = (
                f"{resource.kind} {resource.name} loses its labels: {key.value} is {value.value}, which is no text"
            )
            yield Violation(message, location=Location(resource.origin, line_of(value)))
            return
