"""What the harness changes on the way into the API server, so that Flux reads the working tree in place of a remote.

A MutatingAdmissionPolicy does it (Kubernetes 1.36, ``admissionregistration.k8s.io/v1``): the manifests that Flux
applies stay as they are, and so does what it compares them with, for a dry run is changed in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_gitops.model import JsonObject, ResourceId

NAME = "pytest-gitops"
# Fields of a GitRepository that say how the remote is to be asked, or what its commits are signed with.
_CREDENTIALS = ("secretRef", "proxySecretRef", "verify", "provider", "serviceAccountName")


@dataclass(frozen=True, slots=True)
class Stand:
    """What stands in for a source: the URL to read, and where it isn't the source's own, the branch."""

    url: str
    branch: str | None = None


def source_policy(plural: str, id: ResourceId, stand: Stand) -> list[JsonObject]:
    """Return the policy, and its binding, that has one source read from elsewhere without credentials.

    ``plural`` is the name of the source's kind in paths.
    """
    patches = [_set("/spec/url", stand.url)]
    if stand.branch is not None:
        patches.append(f"JSONPatch{{op: 'add', path: '/spec/ref', value: {{'branch': {_text(stand.branch)}}}}}")
    expression = f"[{', '.join(patches)}]" + "".join(
        f" + (has(object.spec.{field}) ? [JSONPatch{{op: 'remove', path: '/spec/{field}'}}] : [])"
        for field in _CREDENTIALS
    )
    condition = f"object.metadata.namespace == {_text(id.namespace)} && object.metadata.name == {_text(id.name)}"
    rules = {"apiGroups": [id.group], "apiVersions": ["*"], "resources": [plural]}
    return _policy(f"{NAME}-{id.kind.lower()}-{id.namespace}-{id.name}", rules, condition, expression)


def suspend_policy(plural: str, group: str, ids: Iterable[ResourceId]) -> list[JsonObject]:
    """Return the policy that suspends the objects of one kind that can't work here; ``plural`` is its name in paths."""
    names = ", ".join(sorted(_text(f"{id.namespace}/{id.name}") for id in ids))
    condition = f"(object.metadata.namespace + '/' + object.metadata.name) in [{names}]"
    expression = "[JSONPatch{op: 'add', path: '/spec/suspend', value: true}]"
    rules = {"apiGroups": [group], "apiVersions": ["*"], "resources": [plural]}
    return _policy(f"{NAME}-suspended-{plural}", rules, condition, expression)


def deadline_policy(seconds: int) -> list[JsonObject]:
    """Return the policy that has a Deployment's rollout fail early: Flux then tells a broken one without waiting."""
    expression = f"[{_set('/spec/progressDeadlineSeconds', seconds)}]"
    rules = {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
    return _policy(f"{NAME}-progress-deadline", rules, "true", expression)


def _policy(name: str, rules: Mapping[str, object], condition: str, expression: str) -> list[JsonObject]:
    api_version = "admissionregistration.k8s.io/v1"
    policy = {
        "apiVersion": api_version,
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": {"resourceRules": [{**rules, "operations": ["CREATE", "UPDATE"]}]},
            "matchConditions": [{"name": "wanted", "expression": condition}],
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}],
        },
    }
    binding = {
        "apiVersion": api_version,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name},
    }
    return [policy, binding]


def _set(path: str, value: str | int) -> str:
    return f"JSONPatch{{op: 'add', path: '{path}', value: {_text(value) if isinstance(value, str) else value}}}"


def _text(value: str) -> str:
    """Return a text as a CEL literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"
