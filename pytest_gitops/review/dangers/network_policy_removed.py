"""Pods are not opened to the network."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import ResourceId
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.dangers._telling import is_explained, places
from pytest_gitops.review.fates import fate_of
from pytest_gitops.review.model import Action, Fate


@rule(
    "review-network-policy-removed",
    check="review",
    set="recommended",
    severity="warning",
    scope="change",
    kinds=("NetworkPolicy", "CiliumNetworkPolicy.cilium.io", "CiliumClusterwideNetworkPolicy.cilium.io"),
    description="No network policy is deleted in a namespace that stays: pods that no other selects are open to all.",
    remedy="Keep it, or add what replaces it in the same change.",
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation",
    passing=[
        """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: apps}
spec: {podSelector: {}}
---
apiVersion: v1
kind: Namespace
metadata: {name: apps}
# after the change
""",
    ],
    failing=[
        """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: apps}
spec: {podSelector: {}}
# after the change
""",
    ],
)
def network_policy_removed(change: Change, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a network policy that is deleted."""
    if change.action is not Action.REMOVED or change.before is None or is_explained(change, cluster):
        return
    namespace = ResourceId("", "Namespace", "", change.id.namespace)
    leaves = any(other.id == namespace and other.action is Action.REMOVED for other in cluster.changes)
    if fate_of(change, cluster) is Fate.PRUNED and not leaves:
        message = f"{change.id} is deleted: what it selects is as open as other policies leave it"
        yield Violation(message, related=places(change.before, cluster))
