"""Workloads get no more of their node than they had."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers, pod_spec
from pytest_gitops.checks.rule import FieldPath, Violation, rule
from pytest_gitops.model import Resource
from pytest_gitops.objects import mapping, scalar
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.dangers._accounts import account_of, dangerous_rights
from pytest_gitops.review.dangers._powers import powers, restrictions
from pytest_gitops.review.dangers._telling import listed

_ENFORCE = "pod-security.kubernetes.io/enforce"
_LEVELS = ("restricted", "baseline", "privileged", "")


@rule(
    "review-privilege-widened",
    check="review",
    set="recommended",
    severity="warning",
    scope="change",
    kinds=(*WORKLOADS, "Namespace"),
    description="No workload gets more of its node: privileged containers, the host's network, processes, paths and "
    "ports, capabilities, root as its user, no seccomp profile; none drops what it denied itself; none comes to run as "
    "a service account with rights that lead to more; and no namespace enforces a lower Pod Security Standard.",
    remedy="Give what is needed to a workload of its own, or explain in the change why it has to be.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: apps}
spec: {hostNetwork: true, containers: [{name: a, image: a}]}
# after the change
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: apps}
spec: {hostNetwork: true, containers: [{name: a, image: b}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: apps}
spec: {containers: [{name: a, image: a}]}
# after the change
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: apps}
spec: {containers: [{name: a, image: a, securityContext: {privileged: true, capabilities: {add: [SYS_ADMIN]}}}]}
""",
        """
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: apps}
spec: {securityContext: {runAsNonRoot: true}, containers: [{name: a, image: a}]}
# after the change
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: apps}
spec: {containers: [{name: a, image: a}]}
""",
        """
apiVersion: v1
kind: Namespace
metadata: {name: apps, labels: {pod-security.kubernetes.io/enforce: restricted}}
# after the change
apiVersion: v1
kind: Namespace
metadata: {name: apps}
""",
    ],
)
def privilege_widened(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a workload that may do more, or a namespace that enforces less."""
    if change.after is None or cluster.base is None:
        return
    if change.id.kind == "Namespace":
        yield from _enforced(change)
        return
    before, after = change.before, change.after.resource
    yield from _account(change, cluster)
    gained = _gained(before.resource if before else None, after)
    lost = _lost(before.resource, after) if before else {}
    if gained or lost:
        said = [f"gets {listed(gained)}"] if gained else []
        said += [f"loses {listed(lost)}"] if lost else []
        path = next(iter({**gained, **lost}.values()))
        yield Violation(f"{change.id} {' and '.join(said)}", path)


def _account(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a workload that comes to run as an account with rights that its former one hasn't."""
    if change.before is None or change.after is None or cluster.head is None:
        return
    before, after = account_of(change.before.resource), account_of(change.after.resource)
    if before == after:
        return
    namespace = change.id.namespace
    had = dangerous_rights(namespace, before, cluster.head)
    if new := [right for right in dangerous_rights(namespace, after, cluster.head) if right not in had]:
        path, _ = pod_spec(change.after.resource)
        message = f"{change.id} runs as the service account {after}, no longer {before}, and so has {listed(new)}"
        yield Violation(message, (*path, "serviceAccountName"))


def _gained(before: Resource | None, after: Resource) -> dict[str, FieldPath]:
    had = powers(before) if before else {}
    return {power: path for power, path in powers(after).items() if power not in had}


def _lost(before: Resource, after: Resource) -> dict[str, FieldPath]:
    has = restrictions(after)
    there = {scalar(container, "name") for _, container in all_containers(after)}
    return {
        denied: path
        for denied, path in restrictions(before).items()
        if denied not in has and (" in " not in denied or denied.partition(" in ")[2] in there)
    }


def _enforced(change: Change) -> Iterator[Violation]:
    if change.before is None:
        return
    before, after = (scalar(mapping(side, "metadata", "labels"), _ENFORCE) for side in (change.old, change.new))
    if before in _LEVELS and after in _LEVELS and _LEVELS.index(after) > _LEVELS.index(before):
        message = f"{change.id} enforces the Pod Security Standard {after or 'of the cluster'}, no longer {before}"
        yield Violation(message, ("metadata", "labels", _ENFORCE))
