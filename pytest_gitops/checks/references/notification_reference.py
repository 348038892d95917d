"""An Alert has its Provider, and watches objects that there are; a Receiver reconciles objects that there are."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import JsonObject, Resource

_GROUPS = {
    "Kustomization": "kustomize.toolkit.fluxcd.io",
    "HelmRelease": "helm.toolkit.fluxcd.io",
    **dict.fromkeys(("ImagePolicy", "ImageRepository", "ImageUpdateAutomation"), "image.toolkit.fluxcd.io"),
    **dict.fromkeys(
        ("GitRepository", "OCIRepository", "HelmRepository", "HelmChart", "Bucket"), "source.toolkit.fluxcd.io"
    ),
}


@rule(
    "notification-reference",
    check="references",
    set="essential",
    severity="error",
    kinds=("Alert", "Receiver"),
    description="The Provider of an Alert exists in its namespace, and so do the objects that an Alert or "
    "Receiver names. Events "
    "are lost, and nothing is triggered, otherwise.",
    remedy="Correct kind, name and namespace of the reference.",
    source="https://fluxcd.io/flux/components/notification/alerts/",
    passing=[
        """
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: chat, namespace: flux-system}
spec: {providerRef: {name: chat}, eventSources: [{kind: Kustomization, name: "*"}]}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {name: chat, namespace: flux-system}
spec: {type: slack}
"""
    ],
    failing=[
        """
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: chat, namespace: flux-system}
spec: {providerRef: {name: chat}, eventSources: [{kind: Kustomization, name: "*"}]}
""",
        """
apiVersion: notification.toolkit.fluxcd.io/v1
kind: Receiver
metadata: {name: hook, namespace: flux-system}
spec: {resources: [{kind: GitRepository, name: podinfo}]}
""",
    ],
)
def notification_reference(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each Provider, event source and resource that does not exist."""
    provider = named(mapping(resource.spec, "providerRef").get("name"))
    if resource.kind == "Alert" and provider:
        message = f"Alert {resource.name} reports to Provider {provider}, which {resource.namespace} does not have"
        path: FieldPath = ("spec", "providerRef", "name")
        yield from absent(context.cluster, "Provider", resource.namespace, provider, message=message, path=path)
    field = "eventSources" if resource.kind == "Alert" else "resources"
    for index, reference in mappings(resource.spec.get(field)):
        yield from _target(resource, context, reference, ("spec", field, index))


def _target(resource: Resource, context: Context, reference: JsonObject, path: FieldPath) -> Iterator[Violation]:
    kind, name = named(reference.get("kind")), named(reference.get("name"))
    namespace = named(reference.get("namespace")) or resource.namespace
    if kind not in _GROUPS or name in ("", "*"):
        return
    # A bootstrapped cluster has its own source and Kustomization, which the repository need not declare.
    cluster = context.cluster.cluster
    known = [*(source.id for source in cluster.sources), *(declared.id for declared in cluster.kustomizations)]
    if not any((id.kind, id.namespace, id.name) == (kind, namespace, name) for id in known):
        message = f"{resource.kind} {resource.name} names {kind} {namespace}/{name}, which does not exist"
        where = (*path, "name")
        yield from absent(context.cluster, f"{kind}.{_GROUPS[kind]}", namespace, name, message=message, path=where)
