"""The API server refuses no change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pytest_gitops.checks.rule import FieldPath, Scope, Violation, rule
from pytest_gitops.model import HelmRelease, Part, Severity
from pytest_gitops.review.comparison import Change, ClusterComparison, PartPair
from pytest_gitops.review.dangers._data import loss, losses
from pytest_gitops.review.dangers._telling import ids, listed, named
from pytest_gitops.review.fates import is_forced, unapplied
from pytest_gitops.review.releases import remediation

_FORCE = (
    "Undo it; or, if the object may be gone for a while, annotate it with "
    "`kustomize.toolkit.fluxcd.io/force: enabled`, so that Flux deletes it and makes it anew."
)
_REMEDIES = {
    "Job": "Give the Job another name with each change (a generator's hash, a version), or annotate it with "
    "`kustomize.toolkit.fluxcd.io/force: enabled`, so that Flux deletes it and runs it anew.",
    "PersistentVolumeClaim": "Undo it, and make a new claim to copy the data to; by force, the data would be deleted.",
    "StatefulSet": "Undo it; or delete the StatefulSet with `kubectl delete --cascade=orphan` once the change is "
    "merged, which keeps pods and claims, and Flux makes it anew.",
    "CustomResourceDefinition": "Keep the version until all objects are stored in another one, and "
    "`status.storedVersions` says so.",
}
_Group = tuple[str, bool, bool, FieldPath]


@rule(
    "review-immutable-field",
    check="review",
    set="essential",
    severity="error",
    scope=Scope.PART_CHANGE,
    description="The API server takes every change: of selectors, claim templates, a Job's template, a Service's "
    "address, `roleRef`, a claim's storage class, immutable ConfigMaps and Secrets, a definition's stored versions, "
    "and of fields that a CustomResourceDefinition's rules hold fast (`oldSelf`), it takes none. Its own validation "
    "says so, and Flux then applies nothing of the Kustomization. With `force`, Flux deletes the object and makes it "
    "anew: a warning.",
    remedy=_FORCE,
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#force",
    passing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
# after the change
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web, tier: front}}, spec: {containers: [{name: web, image: "web:2"}]}}
""",
    ],
    failing=[
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
# after the change
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  selector: {matchLabels: {app: shop}}
  template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: web, image: "web:1"}]}}
""",
    ],
)
def immutable_field(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for each field that can't be changed; a part's objects that share it are told together."""
    part = pair.after
    if part is None or part.suspended:
        return
    for (message, sure, forced, path), changes in _groups(part, cluster).items():
        kinds = {change.id.kind for change in changes}
        yield Violation(
            f"{listed(ids(changes))}: {message}. {_consequence(part, changes, cluster, forced=forced, sure=sure)}",
            path,
            changes[0].held.resource,
            severity=Severity.WARNING if forced or not sure else None,
            remedy=_remedy(part, kinds, forced=forced),
        )


def _groups(part: Part, cluster: ClusterComparison) -> dict[_Group, list[Change]]:
    found: dict[_Group, list[Change]] = defaultdict(list)
    for change, refusals in cluster.refusals.items():
        if change.after is None or change.after.part is not part or unapplied(change, cluster):
            continue
        for refusal in refusals:
            if not refusal.invalid:
                found[refusal.message, refusal.sure, is_forced(change), refusal.path].append(change)
    return found


def _consequence(part: Part, changes: list[Change], cluster: ClusterComparison, *, forced: bool, sure: bool) -> str:
    it = "it" if len(changes) == 1 else "each"
    if forced:
        lost = [f"{change.id} with {what}" for change in changes if (what := _loss(change, cluster))]
        return f"By force, Flux deletes {it} and makes {it} anew{f'; lost is {listed(lost)}' if lost else ''}"
    if isinstance(part, HelmRelease):
        failing = f"The upgrade of {named(part)} fails" if sure else f"The upgrade of {named(part)} may fail"
        return f"{failing}{_remedied(part, cluster)}"
    return f"{named(part)} {'fails' if sure else 'may fail'} and applies nothing further"


def _remedied(release: HelmRelease, cluster: ClusterComparison) -> str:
    """Return what is lost once the upgrade failed, where helm-controller then uninstalls the release."""
    if remediation(release) != "uninstall":
        return ""
    pair = cluster.pair(release)
    lost = listed(losses(pair.before, cluster.base)) if pair and pair.before and cluster.base else ""
    return f", and its remediation uninstalls the release{f'; lost is {lost}' if lost else ''}"


def _loss(change: Change, cluster: ClusterComparison) -> str | None:
    return loss(change.before.resource, cluster.base) if change.before and cluster.base else None


def _remedy(part: Part, kinds: set[str], *, forced: bool) -> str | None:
    if forced:
        return "Undo it, unless the object may be gone for a while, and what belongs to it."
    if isinstance(part, HelmRelease):
        return "Undo it; or delete the object by hand once the change is merged, and Helm makes it anew."
    return _REMEDIES.get(next(iter(kinds))) if len(kinds) == 1 else None
