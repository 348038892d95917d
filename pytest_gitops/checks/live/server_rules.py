"""The rules that a real API server judges: what it says to a server-side apply of each object."""

from __future__ import annotations

from pytest_gitops.checks.rule import Rule
from pytest_gitops.model import Severity

_APPLY = "https://kubernetes.io/docs/reference/using-api/server-side-apply/"
_POLICY = "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/"


def _rule(id: str, description: str, remedy: str, source: str, severity: Severity = Severity.ERROR) -> Rule:
    return Rule(
        id=id, check="apply", set="essential", severity=severity, description=description, remedy=remedy, source=source
    )


invalid = _rule(
    "apply-invalid",
    "The API server takes every object: its fields, its values, and what CEL rules of its definition ask.",
    "Correct the field as the API server says.",
    _APPLY,
)
immutable = _rule(
    "apply-immutable",
    "No field is changed that can't be: the API server, holding the objects of the base, takes those of the change. "
    "Flux repeats the apply in vain until the object is deleted, or recreated by `force`.",
    "Keep the field as it is, give the object another name, or have Flux recreate it: annotation "
    "`kustomize.toolkit.fluxcd.io/force: enabled`.",
    _APPLY,
)
removed = _rule(
    "apply-removed",
    "Every object is written in a version of its kind that the API server serves. Kubernetes removes old ones, and so "
    "may a CustomResourceDefinition; where the change prunes the definition, its objects go with it.",
    "Write the object in a version that is served, and keep the definition for as long as there are objects of it.",
    "https://kubernetes.io/docs/reference/using-api/deprecation-guide/",
)
unprunable = _rule(
    "apply-unprunable",
    "What a change has Flux delete can be deleted: no admission policy of the cluster denies it.",
    "Have the policy allow it, or keep the object: annotation `kustomize.toolkit.fluxcd.io/prune: disabled`.",
    _POLICY,
)
denied = _rule(
    "apply-denied",
    "No object is denied by an admission policy that the cluster itself holds.",
    "Change the object as the policy asks, or the policy.",
    _POLICY,
)
conflict = _rule(
    "apply-conflict",
    "No two owners apply the same field with different values: each would undo what the other does.",
    "Leave the field to one of them.",
    f"{_APPLY}#conflicts",
)
refused = _rule(
    "apply-refused",
    "The API server takes every object.",
    "Change the object as the API server says.",
    _APPLY,
)
unavailable = _rule(
    "apply-unavailable",
    "The API server serves the kind of every object. One that nothing in the repository defines was not tried.",
    "Add the CustomResourceDefinition to what the cluster renders, so that its objects can be tried.",
    _APPLY,
    Severity.INFO,
)
