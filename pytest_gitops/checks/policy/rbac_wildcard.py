"""No role grants everything."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.pods import mappings
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "rbac-wildcard",
    set="strict",
    severity="warning",
    kinds=("Role", "ClusterRole"),
    description="No Role or ClusterRole grants by `*` in its verbs, resources or API groups: it would grant what is "
    "invented tomorrow, too.",
    remedy="Name the verbs, resources and groups that are needed.",
    source="https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege",
    passing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: apps}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
""",
    ],
    failing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: apps}
rules: [{apiGroups: [""], resources: ["*"], verbs: [get]}]
""",
    ],
)
def rbac_wildcard(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each field of a rule that holds ``*``."""
    for index, granted in mappings(resource.get("rules")):
        for field in ("verbs", "resources", "apiGroups"):
            if "*" in (granted.get(field) or ()):
                yield Violation(f"{resource.kind} {resource.name} grants all {field}", ("rules", index, field))
