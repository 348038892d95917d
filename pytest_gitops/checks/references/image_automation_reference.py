"""Image automation has its repository, source and path."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import JsonObject, Resource


@rule(
    "image-automation-reference",
    check="references",
    set="essential",
    severity="error",
    kinds=("ImagePolicy", "ImageUpdateAutomation"),
    description="The ImageRepository of an ImagePolicy, and the source and path of an ImageUpdateAutomation, "
    "exist. No image is "
    "ever updated otherwise.",
    remedy="Correct the name, namespace or path.",
    source="https://fluxcd.io/flux/components/image/imageupdateautomations/",
    passing=[
        """
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: web, namespace: flux-system}
spec: {imageRepositoryRef: {name: web}}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {name: web, namespace: flux-system}
"""
    ],
    failing=[
        """
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: web, namespace: flux-system}
spec: {imageRepositoryRef: {name: web}}
"""
    ],
)
def image_automation_reference(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each reference to what does not exist."""
    if resource.kind == "ImagePolicy":
        field: FieldPath = ("spec", "imageRepositoryRef")
        yield from _named(resource, context, "ImageRepository", mapping(resource.spec, "imageRepositoryRef"), field)
        return
    reference = mapping(resource.spec, "sourceRef")
    yield from _named(
        resource, context, named(reference.get("kind") or "GitRepository"), reference, ("spec", "sourceRef")
    )
    yield from _path(resource, context, reference)


def _named(
    resource: Resource, context: Context, kind: str, reference: JsonObject, path: FieldPath
) -> Iterator[Violation]:
    name = named(reference.get("name"))
    namespace = named(reference.get("namespace")) or resource.namespace
    sources = (source.id for source in context.cluster.cluster.sources)
    if not name or any((id.kind, id.namespace, id.name) == (kind, namespace, name) for id in sources):
        return
    message = f"{resource.kind} {resource.name} names {kind} {namespace}/{name}, which does not exist"
    yield from absent(context.cluster, kind, namespace, name, message=message, path=(*path, "name"))


def _path(resource: Resource, context: Context, reference: JsonObject) -> Iterator[Violation]:
    """The path is of the repository itself only where the automation's source is."""
    wanted = named(mapping(resource.spec, "update").get("path")).strip("/").removeprefix("./")
    namespace = named(reference.get("namespace")) or resource.namespace
    for source in context.cluster.cluster.sources:
        same = (source.id.namespace, source.id.name) == (namespace, named(reference.get("name")))
        if (
            wanted not in ("", ".")
            and same
            and source.directory is not None
            and not (source.directory / wanted).exists()
        ):
            message = f"ImageUpdateAutomation {resource.name} updates {wanted}, which the repository does not have"
            yield Violation(message, ("spec", "update", "path"))
