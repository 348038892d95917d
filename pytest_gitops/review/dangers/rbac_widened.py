"""Nobody gets more rights than before."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Severity
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.dangers._aggregation import aggregators, is_open, rules_of
from pytest_gitops.review.dangers._grants import grants, new_grants
from pytest_gitops.review.dangers._telling import listed as joined
from pytest_gitops.review.fates import is_forced

_ANYBODY = ("system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts")
_ADMIN = "cluster-admin"
# What Kubernetes brings along, and in all namespaces reads every secret.
_WRITERS = ("admin", "edit")


@rule(
    "review-rbac-widened",
    check="review",
    set="recommended",
    severity="warning",
    scope="change",
    kinds=("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
    description="No change gives away rights that lead to more: everything of a kind (`*`), secrets, `escalate`, "
    "`bind`, `impersonate`, `pods/exec` and the like; `cluster-admin`, or another role that leads to more, to anyone; "
    "any role to anybody who asks; nor by having a ClusterRole made part of `admin`, `edit` or `view`, or of another "
    "one that aggregates. What else an existing role or binding comes to allow is only reported.",
    remedy="Grant the verbs on the resources that are needed, to the account that needs them.",
    source="https://kubernetes.io/docs/concepts/security/rbac-good-practices/#kubernetes-rbac-privilege-escalation-risks",
    passing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules: [{apiGroups: [""], resources: [pods, services], verbs: [get, list]}]
# after the change
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules:
  - {apiGroups: [""], resources: [services], verbs: [list, get]}
  - {apiGroups: [""], resources: [pods], resourceNames: [one], verbs: [get]}
""",
    ],
    failing=[
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
# after the change
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules: [{apiGroups: [""], resources: ["*"], verbs: [get]}]
""",
        """
apiVersion: v1
kind: Namespace
metadata: {name: apps}
# after the change
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: web, namespace: apps}]
""",
        """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
# after the change
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web, labels: {rbac.authorization.k8s.io/aggregate-to-view: "true"}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
""",
    ],
)
def rbac_widened(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a role that allows more, or a binding that gives a role to more."""
    if change.after is None or change.id.group != "rbac.authorization.k8s.io" or cluster.base is None:
        return
    if any(refusal.sure for refusal in cluster.refusals.get(change, ())) and not is_forced(change):
        return
    yield from _bound(change, cluster) if change.id.kind.endswith("Binding") else _allowed(change, cluster)
    if change.id.kind == "ClusterRole" and change.before is not None:
        yield from _aggregated(change, cluster)


def _allowed(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    new = new_grants(rules_of(change.old, cluster.base), rules_of(change.new, cluster.head))
    dangerous = [grant for grant in new if grant.is_dangerous]
    where = ("aggregationRule",) if mapping(change.new, "aggregationRule") else ("rules",)
    part = aggregators(change.new, cluster.head) if change.id.kind == "ClusterRole" else []
    whom = f", to whoever has {joined(part)}" if part else ""
    if dangerous:
        yield Violation(f"{change.id} comes to allow {joined(dangerous)}{whom}", where)
    elif new and change.before is not None:
        yield Violation(f"{change.id} comes to allow {joined(new)}{whom}", where, severity=Severity.INFO)
    elif is_open(change.new, change.old) and not new:
        message = f"{change.id} comes to allow what other ClusterRoles do, none of which is in Git"
        yield Violation(message, where, severity=Severity.INFO)


def _aggregated(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a role whose labels make it a part of others, in which it wasn't."""
    known = aggregators(change.old, cluster.base)
    new = [name for name in aggregators(change.new, cluster.head) if name not in known]
    given = grants(listed(change.new, "rules"))
    if new and given:
        severity = None if any(grant.is_dangerous for grant in given) else Severity.INFO
        message = f"Whoever has {joined(new)} comes to have {change.id}, too: {joined(given)}"
        yield Violation(message, ("metadata", "labels"), severity=severity)


def _bound(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    reference = mapping(change.new, "roleRef")
    role = scalar(reference, "name")
    # Another role is another binding to all of its subjects.
    same = change.before is not None and mapping(change.old, "roleRef") == reference
    known = [_subject(entry) for entry in listed(change.old, "subjects")] if same else []
    new = [subject for entry in listed(change.new, "subjects") if (subject := _subject(entry)) not in known]
    if not new:
        return
    anybody = any(name.rpartition("/")[2].startswith(_ANYBODY) for name in new)
    if anybody or _is_dangerous(change, cluster):
        yield Violation(f"{change.id} gives {role} to {joined(new)}", ("subjects",))
    elif change.before is not None:
        yield Violation(f"{change.id} gives {role} to {joined(new)}, too", ("subjects",), severity=Severity.INFO)


def _is_dangerous(change: Change, cluster: ClusterComparison) -> bool:
    """Tell whether the role that a binding gives leads to more; one that does only now is told of itself."""
    reference = mapping(change.new, "roleRef")
    kind, name = scalar(reference, "kind"), scalar(reference, "name")
    if kind == "ClusterRole" and name in (_ADMIN, *(_WRITERS if change.id.kind == "ClusterRoleBinding" else ())):
        return True
    owned = cluster.base.get(kind, "" if kind == "ClusterRole" else change.id.namespace, name) if cluster.base else None
    rules = rules_of(owned.resource.object, cluster.base) if owned else []
    return any(grant.is_dangerous for grant in grants(rules))


def _subject(entry: object) -> str:
    parts = (scalar(entry, "kind"), scalar(entry, "namespace"), scalar(entry, "name"))
    return "/".join(part for part in parts if part)
