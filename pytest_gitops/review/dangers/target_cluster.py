"""A part goes on applying to the same cluster."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import remote_of
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Kustomization
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import counted, named


@rule(
    "review-target-cluster",
    check="review",
    set="recommended",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="A Kustomization keeps its `kubeConfig`. With another one it applies everything to another cluster, "
    "and leaves what the former has: its inventory doesn't know of clusters.",
    remedy="Remove the Kustomization in a change before, and add it for the other cluster under another name.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#kubeconfig-remote-clusters",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {kubeConfig: {secretRef: {name: edge}}}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {kubeConfig: {secretRef: {name: edge}}, interval: 1h}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {kubeConfig: {secretRef: {name: edge}}}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {kubeConfig: {secretRef: {name: other}}}
""",
    ],
)
def target_cluster(pair: PartPair, _: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a Kustomization that comes to apply elsewhere."""
    old, new = pair.before, pair.after
    if not isinstance(old, Kustomization) or not isinstance(new, Kustomization) or pair.renamed:
        return
    before, after = remote_of(old) or "its own", remote_of(new) or "its own"
    if before != after:
        held = f"{counted(len(old.rendered), 'object')}" if old.rendered is not None else "what it applied"
        message = f"{named(new)} applies to another cluster ({before} becomes {after}) and leaves {held} in the former"
        yield Violation(message, ("spec", "kubeConfig"), new)
