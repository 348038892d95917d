"""What goes with a Kustomization, a HelmRelease or a ResourceSet."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import HelmRelease, Part, Severity
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._owned import gone_with, told
from pytest_gitops.review.dangers._telling import counted, listed, named, places
from pytest_gitops.review.fates import fate_of, is_orphaning
from pytest_gitops.review.model import Action, Fate
from pytest_gitops.review.releases import identity

_STAYS = "Delete it by hand once the change is merged; to keep its objects, set `spec.deletionPolicy: Orphan` first."
_LEFT = "Delete by hand what isn't needed any more; what is, nobody manages until Git has it again."


@rule(
    "review-part-removed",
    check="review",
    set="essential",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="A Kustomization, HelmRelease or ResourceSet that is deleted takes along what it applied: "
    "kustomize-controller's finalizer deletes all of its inventory, unless the Kustomization is suspended, or its "
    "`deletionPolicy` (by default `prune`) says otherwise; helm-controller uninstalls the release. Told once, for all "
    "that goes.",
    remedy="To keep the objects, set `spec.deletionPolicy: Orphan` (of a HelmRelease: `spec.suspend: true`) in a "
    "change before the one that removes it.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#deletion-policy",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 10m}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
# after the change
""",
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {deletionPolicy: Orphan}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
# after the change
""",
    ],
)
def part_removed(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a part that is gone, unless the one that declared it is gone, too."""
    part = pair.before
    if part is None or pair.action is not Action.REMOVED or cluster.base is None or cluster.head is None:
        return
    parent = cluster.parent(part, head=False)
    above = cluster.pair(parent, head=False) if parent else None
    if above is None or above.after is None or above.renamed:
        return
    declaration = cluster.declaration(part)
    fate = fate_of(declaration, cluster) if declaration else Fate.PRUNED
    if fate is Fate.HELD_BACK:
        return
    message, severity, remedy = _removal(part, fate, cluster)
    related = places(declaration.before, cluster) if declaration and declaration.before else ()
    yield Violation(message, subject=part, severity=severity, remedy=remedy, related=related)


def _removal(part: Part, fate: Fate, cluster: ClusterComparison) -> tuple[str, Severity | None, str | None]:
    """Return what to say, and how severe it is and what to do where that isn't the rule's own."""
    name = named(part)
    gone = gone_with(part, cluster)
    if fate not in (Fate.PRUNED, Fate.UNINSTALLED):
        return f"{name} is removed from Git, but stays in the cluster and goes on applying what it finds", None, _STAYS
    if is_orphaning(part):
        why = "as it is suspended" if part.suspended else "as its deletionPolicy is Orphan"
        if not part.suspended and part.spec.get("deletionPolicy") != "Orphan":
            why = "as it doesn't prune"
        kept = counted(len(gone.left), "object")
        message = f"{name} is deleted and leaves its {kept} in the cluster, {why}: {listed(gone.left)}"
        return message, None if gone.left and not part.spec.get("deletionPolicy") else Severity.INFO, _LEFT
    stays = f"; what stays is {listed(gone.left)}" if gone.left else ""
    if isinstance(part, HelmRelease):
        release = identity(part)[0]
        content = f", with {told(gone)}" if gone.deleted else ""
        return f"{name} is deleted, and the release {release} uninstalled{content}{stays}", None, None
    uninstalled = f"; uninstalled: {listed(gone.releases)}" if gone.releases else ""
    return f"{name} is deleted, and with it {told(gone)}{uninstalled}{stays}", None, None
