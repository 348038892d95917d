"""Nobody gets more rights than before."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Severity
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.dangers._grants import new_grants
from pytest_gitops.review.dangers._telling import listed as joined
from pytest_gitops.review.fates import is_forced

_ANYBODY = ("system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts")
_ADMIN = "cluster-admin"


@rule(
    "review-rbac-widened",
    check="review",
    set="recommended",
    severity="warning",
    scope="change",
    kinds=("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
    description="No change gives away rights that lead to more: everything of a kind (`*`), secrets, `escalate`, "
    "`bind`, `impersonate`, `pods/exec` and the like; `cluster-admin` to anyone; any role to anybody who asks. What "
    "else an existing role or binding comes to allow is only reported.",
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
    ],
)
def rbac_widened(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a role that allows more, or a binding that gives a role to more."""
    if change.after is None or change.id.group != "rbac.authorization.k8s.io" or cluster.base is None:
        return
    if any(refusal.sure for refusal in cluster.refusals.get(change, ())) and not is_forced(change):
        return
    yield from _bound(change) if change.id.kind.endswith("Binding") else _allowed(change)


def _allowed(change: Change) -> Iterator[Violation]:
    new = new_grants(change.old.get("rules"), change.new.get("rules"))
    dangerous = [grant for grant in new if grant.is_dangerous]
    if dangerous:
        yield Violation(f"{change.id} comes to allow {joined(dangerous)}", ("rules",))
    elif new and change.before is not None:
        yield Violation(f"{change.id} comes to allow {joined(new)}", ("rules",), severity=Severity.INFO)


def _bound(change: Change) -> Iterator[Violation]:
    role = scalar(mapping(change.new, "roleRef"), "name")
    # Another role is another binding to all of its subjects.
    same = change.before is not None and mapping(change.old, "roleRef") == mapping(change.new, "roleRef")
    known = [_subject(entry) for entry in listed(change.old, "subjects")] if same else []
    new = [subject for entry in listed(change.new, "subjects") if (subject := _subject(entry)) not in known]
    if not new:
        return
    anybody = any(name.rpartition("/")[2].startswith(_ANYBODY) for name in new)
    if role == _ADMIN or anybody:
        yield Violation(f"{change.id} gives {role} to {joined(new)}", ("subjects",))
    elif change.before is not None:
        yield Violation(f"{change.id} gives {role} to {joined(new)}, too", ("subjects",), severity=Severity.INFO)


def _subject(entry: object) -> str:
    parts = (scalar(entry, "kind"), scalar(entry, "namespace"), scalar(entry, "name"))
    return "/".join(part for part in parts if part)
