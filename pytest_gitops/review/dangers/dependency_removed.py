"""What waited for something else no longer does."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Part
from pytest_gitops.objects import listed, namespace_of, scalar
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import listed as joined
from pytest_gitops.review.dangers._telling import named


@rule(
    "review-dependency-removed",
    check="review",
    set="recommended",
    severity="info",
    scope=Scope.PART_CHANGE,
    description="A Kustomization or HelmRelease no longer waits for another one that is still there: a new cluster may "
    "apply it too early, and a new revision reaches both at the same time.",
    remedy="Make sure that nothing of it needs what it waited for: CustomResourceDefinitions, namespaces, webhooks.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {dependsOn: [{name: infrastructure}]}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: infrastructure, namespace: flux-system}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {dependsOn: [{name: infrastructure}]}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: infrastructure, namespace: flux-system}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: infrastructure, namespace: flux-system}
""",
    ],
)
def dependency_removed(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a part that waits for less."""
    if pair.before is None or pair.after is None or cluster.head is None:
        return
    kept = _dependencies(pair.after)
    there = {
        (part.id.namespace, part.id.name) for part in cluster.head.cluster.parts if part.id.kind == pair.part.id.kind
    }
    lost = [entry for entry in _dependencies(pair.before) if entry not in kept and entry in there]
    if lost:
        names = joined(f"{namespace}/{name}" for namespace, name in lost)
        yield Violation(f"{named(pair.after)} no longer waits for {names}", ("spec", "dependsOn"), pair.after)


def _dependencies(part: Part) -> list[tuple[str, str]]:
    own = namespace_of(part.object) or part.id.namespace
    return [(scalar(entry, "namespace") or own, scalar(entry, "name")) for entry in listed(part.spec, "dependsOn")]
