"""Objects stay in their namespace."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._owned import gone_with
from pytest_gitops.review.dangers._telling import counted, is_retargeted, listed, named


@rule(
    "review-target-namespace",
    check="review",
    set="essential",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="A Kustomization keeps its `targetNamespace`: in another one all its objects are new, and those that "
    "were there are deleted, or left behind where the Kustomization doesn't prune.",
    remedy="Keep the target namespace; or move what holds data by hand first.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#target-namespace",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {targetNamespace: one}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {targetNamespace: one, interval: 10m}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {targetNamespace: one}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: one, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {targetNamespace: two}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: two, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
""",
    ],
)
def retargeted(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a Kustomization with another target namespace."""
    if not is_retargeted(pair) or pair.renamed or pair.before is None or pair.after is None:
        return
    before = pair.before.spec.get("targetNamespace") or "their own"
    after = pair.after.spec.get("targetNamespace") or "their own"
    gone = gone_with(pair.before, cluster)
    ends = [f"{len(gone.deleted)} deleted"] if gone.deleted else []
    ends += [f"{len(gone.left)} left behind"] if gone.left else []
    if not ends:
        return
    losses = f"; lost is {listed(gone.losses)}" if gone.losses else ""
    number = counted(len(gone.deleted) + len(gone.left), "object")
    message = f"{named(pair.after)} makes {number} anew, as the target namespace changes from {before} to {after}"
    yield Violation(f"{message}: {' and '.join(ends)} in the old one{losses}", ("spec", "targetNamespace"), pair.after)
