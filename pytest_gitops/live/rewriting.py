"""What the harness changes on the way into the API server, so that Flux reads the working tree in place of a remote.

A MutatingAdmissionPolicy does it (v1 of ``admissionregistration.k8s.io`` from Kubernetes 1.36 on, v1beta1 before): the
manifests that Flux applies stay as they are, and so does what it compares them with, for a dry run is changed in the
same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_gitops.model import JsonObject, ResourceId

NAME = "pytest-gitops"
GROUP = "admissionregistration.k8s.io"
KIND = "MutatingAdmissionPolicy"
# No registry has a name below .invalid (RFC 2606).
UNKNOWN_REGISTRY = "pytest-gitops.invalid/"
_CONTAINERS = ("containers", "initContainers")
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


def deadline_policy(seconds: int, images: Iterable[str] = ()) -> list[JsonObject]:
    """Return the policy that has a Deployment's rollout fail early: Flux then tells a broken one without waiting.

    With ``images`` that is so only for Deployments whose pods have one of them.
    """
    named = sorted(images)
    # The API server wants it to be longer than a pod has to be ready for.
    value = f"{seconds} + (has(object.spec.minReadySeconds) ? object.spec.minReadySeconds : 0)"
    expression = f"[JSONPatch{{op: 'add', path: '/spec/progressDeadlineSeconds', value: {value}}}]"
    rules = {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
    condition = _has_image("object.spec.template.spec", named) if named else "true"
    return _policy(f"{NAME}-progress-deadline", rules, condition, expression)


def image_policy(images: Iterable[str]) -> list[JsonObject]:
    """Return the policy that has new pods name, in place of one of these images, one that can't be pulled.

    It starts with ``UNKNOWN_REGISTRY``. An image without tag or digest stands for all of its tags.
    """
    named = sorted(images)
    lists = ", ".join(f"{field}: {_renamed(f'object.spec.{field}', field, named)}" for field in _CONTAINERS)
    expression = f"Object{{spec: Object.spec{{{lists}}}}}"
    rules = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}
    return _mutating(f"{NAME}-broken-images", rules, _has_image("object.spec", named), mutation, ["CREATE"])


def in_version(objects: Iterable[JsonObject], version: str) -> list[JsonObject]:
    """Return policies as an API server takes them that serves another version than v1, such as ``v1beta1``."""
    return [{**obj, "apiVersion": f"{GROUP}/{version}"} for obj in objects]


def _renamed(containers: str, field: str, images: Sequence[str]) -> str:
    item = f"Object.spec.{field}{{name: c.name, image: {_text(UNKNOWN_REGISTRY)} + c.image}}"
    renamed = f"{containers}.filter(c, {_is_one_of(images)}).map(c, {item})"
    return renamed if field == "containers" else f"has({containers}) ? {renamed} : []"


def _has_image(pod: str, images: Sequence[str]) -> str:
    found = f"exists(c, {_is_one_of(images)})"
    return f"{pod}.containers.{found} || (has({pod}.initContainers) && {pod}.initContainers.{found})"


def _is_one_of(images: Sequence[str]) -> str:
    return " || ".join(map(_is_image, images))


def _is_image(image: str) -> str:
    if "@" in image or ":" in image.rpartition("/")[2]:
        return f"c.image == {_text(image)}"
    starts = " || ".join(f"c.image.startsWith({_text(image + mark)})" for mark in ":@")
    return f"(c.image == {_text(image)} || {starts})"


def _policy(name: str, rules: Mapping[str, object], condition: str, expression: str) -> list[JsonObject]:
    mutation = {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}
    return _mutating(name, rules, condition, mutation, ["CREATE", "UPDATE"])


def _mutating(
    name: str, rules: Mapping[str, object], condition: str, mutation: JsonObject, operations: Sequence[str]
) -> list[JsonObject]:
    api_version = f"{GROUP}/v1"
    policy = {
        "apiVersion": api_version,
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": {"resourceRules": [{**rules, "operations": list(operations)}]},
            "matchConditions": [{"name": "wanted", "expression": condition}],
            "mutations": [mutation],
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
