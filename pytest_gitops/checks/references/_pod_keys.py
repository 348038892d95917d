"""What pods need of ConfigMaps and Secrets, and the cluster does not have."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping
from pytest_gitops.checks.references._lookup import absent, made_secrets
from pytest_gitops.checks.references._pod_references import PodReference, references
from pytest_gitops.checks.rule import Violation
from pytest_gitops.model import Resource
from pytest_gitops.variables import COPY, values_of

_FIELDS = ("data", "binaryData", "stringData")


def unmet(resource: Resource, context: Context, kind: str) -> Iterator[Violation]:
    """Yield a violation for each object of a kind that a workload needs and does not find, told once a name."""
    told: set[str] = set()
    for reference in references(resource, kind):
        found = context.cluster.get(kind, resource.namespace, reference.name)
        if found is not None:
            yield from _key(resource, reference, found.resource)
        elif kind == "Secret" and (
            maker := context.cluster.memo(made_secrets).get((resource.namespace, reference.name))
        ):
            yield from _made_key(resource, reference, maker)
        elif reference.name not in told:
            told.add(reference.name)
            owner = f"{resource.kind} {resource.name}"
            message = f"{owner} needs {kind} {reference.name}, which {resource.namespace} does not have"
            yield from absent(
                context.cluster, kind, resource.namespace, reference.name, message=message, path=reference.path
            )


def _made_key(resource: Resource, reference: PodReference, maker: Resource) -> Iterator[Violation]:
    """Yield a violation for a key that the Secret will not have, where its maker says which those are."""
    made = values_of(maker)
    keys = sorted({*made.known, *made.hidden})
    if reference.key and made.complete and keys and reference.key not in keys:
        message = (
            f"{resource.kind} {resource.name} needs the key {reference.key} of Secret {reference.name}, which "
            f"{maker.kind} {maker.name} makes with {', '.join(keys[:8])}"
        )
        yield Violation(message, reference.key_path)


def _key(resource: Resource, reference: PodReference, found: Resource) -> Iterator[Violation]:
    if not reference.key or any(reference.key in mapping(found.object, field) for field in _FIELDS):
        return
    if COPY in found.annotations:
        return
    keys = sorted({key for field in _FIELDS for key in mapping(found.object, field)})
    if keys:
        message = (
            f"{resource.kind} {resource.name} needs the key {reference.key} of {reference.kind} {reference.name}, "
            f"which has {', '.join(keys[:8])}{' and more' if len(keys) > 8 else ''}"  # noqa: PLR2004
        )
        yield Violation(message, reference.key_path)
