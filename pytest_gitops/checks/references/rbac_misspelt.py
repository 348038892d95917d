"""Rules of roles are about groups, resources and verbs that there are."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks import kinds
from pytest_gitops.checks.pods import mappings
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.checks.spelling import misspelt
from pytest_gitops.model import JsonObject, Resource

_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "bind", "escalate")
_SPECIAL = ("impersonate", "approve", "sign", "use")


@rule(
    "rbac-misspelt",
    check="references",
    set="recommended",
    severity="warning",
    kinds=("Role", "ClusterRole"),
    description="The groups, resources and verbs in the rules of a Role or ClusterRole are not likely misspellings of "
    "those that Kubernetes has. The API server takes any text there; one that is wrong grants nothing.",
    remedy="Correct the name. Groups are written without a version, and Kubernetes' core group as an empty text; "
    "resources are in the plural.",
    source="https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources",
    passing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: apps}
rules:
  - {apiGroups: [""], resources: [pods, pods/log, services], verbs: [get, list]}
  - {apiGroups: [example.com], resources: [widget], verbs: [spin]}
"""
    ],
    failing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: apps}
rules: [{apiGroups: [core], resources: [pods], verbs: [get]}]
""",
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: apps}
rules: [{apiGroups: [apps/v1], resources: [deployments], verbs: [get]}]
""",
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules: [{apiGroups: [apps], resources: [deployment], verbs: [get]}]
""",
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules: [{apiGroups: [apps], resources: [deployments], verbs: [get, watsch]}]
""",
    ],
)
def rbac_misspelt(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each group, resource and verb of a rule that looks misspelt."""
    for index, granted in mappings(resource.object.get("rules")):
        where: FieldPath = ("rules", index)
        groups = _texts(granted, "apiGroups")
        for position, group in groups:
            if group == "core" or "/" in group:
                path = (*where, "apiGroups", position)
                written = '"" for the core group' if group in ("core", "core/v1") else group.partition("/")[0]
                yield Violation(f"there is no API group {group!r}", path, remedy=f"Write {written}.")
        known = {name for _, group in groups for name in _RESOURCES.get(group, ())}
        for position, name in _texts(granted, "resources"):
            if meant := _slip(name.partition("/")[0], known):
                yield Violation(
                    f"there is no resource {name} in these groups",
                    (*where, "resources", position),
                    remedy=f"Did you mean {meant}?",
                )
        for position, verb in _texts(granted, "verbs"):
            if meant := _slip(verb, (*_VERBS, *_SPECIAL)):
                path = (*where, "verbs", position)
                yield Violation(f"there is no verb {verb}", path, remedy=f"Did you mean {meant}?")


def _texts(granted: JsonObject, field: str) -> list[tuple[int, str]]:
    values = granted.get(field)
    return [(index, str(value)) for index, value in enumerate(values if isinstance(values, list) else ())]


def _slip(name: str, known: set[str] | tuple[str, ...]) -> str | None:
    return None if name in known else misspelt(name, known)


def _plural(kind: str) -> str:
    name = kind.lower()
    if name.endswith("y"):
        return f"{name[:-1]}ies"
    if name == "endpoints":
        return name
    return f"{name}es" if name.endswith("s") else f"{name}s"


_RESOURCES: dict[str, frozenset[str]] = {
    group: frozenset(_plural(kind) for kind, of in kinds.GROUPS.items() if of == group)
    for group in kinds.GROUPS.values()
}
