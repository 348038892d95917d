"""A change reaches the cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pytest_gitops.checks.rule import FieldPath, Scope, Violation, rule
from pytest_gitops.model import HelmRelease, Severity
from pytest_gitops.review.comparison import Change, ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import ids, listed
from pytest_gitops.review.fates import IGNORE, unapplied
from pytest_gitops.review.ignoring import ignored_fields

_Verbs = tuple[str, str]
_Reason = tuple[str, _Verbs, FieldPath]
_UNMADE: _Verbs = (" is not made in the cluster", " are not made in the cluster")
_STAYS: _Verbs = (" stays as before in the cluster", " stay as before in the cluster")
_PARTLY: _Verbs = (" stays in part as before in the cluster", " stay in part as before in the cluster")
_LEFT: _Verbs = (" is left alone from now on, as it is in the cluster", " are left alone from now on")


@rule(
    "review-not-applied",
    check="review",
    set="recommended",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="What changes in Git changes in the cluster: kustomize-controller applies no object that is annotated "
    "with `kustomize.toolkit.fluxcd.io/reconcile: disabled` or `ssa: Ignore`, none that is there and annotated "
    "with `ssa: IfNotPresent`, and no field of what is there that the Kustomization's `spec.ignore` names. Of an "
    "object that comes to be left alone so, it is only reported.",
    remedy="Take the annotation away in the same change, or make the change in the cluster by hand.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources",
    passing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}}
data: {a: one}
# after the change
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps}
data: {a: two}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}}
data: {a: one}
# after the change
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}}
data: {a: two}
""",
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {ignore: [{paths: [/spec/replicas], target: {kind: Deployment}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
spec: {replicas: 2}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {ignore: [{paths: [/spec/replicas], target: {kind: Deployment}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
spec: {replicas: 3}
""",
    ],
)
def not_applied(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for the changes to a part's objects that are held back, one for each reason."""
    if pair.after is None or pair.after.suspended or cluster.base is None:
        return
    reasons: dict[_Reason, list[Change]] = defaultdict(list)
    for change in cluster.of(pair):
        if change.after is not None and change.after.part is pair.after and (reason := _reason(change, cluster)):
            reasons[reason].append(change)
    for (why, happens, path), changes in reasons.items():
        verb = happens[len(changes) > 1]
        severity = Severity.INFO if happens is _LEFT else None
        message = f"{listed(ids(changes))}{verb}, because of {why}"
        yield Violation(message, path, changes[0].held.resource, severity=severity, remedy=_remedy(pair, why, happens))


def _reason(change: Change, cluster: ClusterComparison) -> _Reason | None:
    """Return why what differs of an object isn't applied, what happens, and where: None where it is."""
    why = unapplied(change, cluster)
    ignored = ignored_fields(change) if why in (None, IGNORE) else ()
    if ignored:
        fields = f"{IGNORE} ({listed('.'.join(map(str, path)) for path in ignored)})"
        return (fields, _STAYS if why else _PARTLY, ignored[0])
    if why is None:
        return None
    if change.before is None:
        return (why, _UNMADE, ("metadata",))
    if path := next((path for path in change.fields if path[:1] != ("metadata",)), None):
        return (why, _STAYS, path)
    return (why, _LEFT, change.fields[0]) if unapplied(_as_it_was(change), cluster) != why and change.fields else None


def _as_it_was(change: Change) -> Change:
    return Change(change.action, change.before, change.before, known=change.known)


def _remedy(pair: PartPair, why: str, happens: _Verbs) -> str | None:
    if happens is _LEFT:
        return "Nothing, if this is meant; what changes from now on is to be made in the cluster by hand."
    if why.startswith(IGNORE):
        return f"Take the field off the Kustomization's `{IGNORE}`, or make the change in the cluster by hand."
    if isinstance(pair.after, HelmRelease):
        return "Set `spec.upgrade.crds: CreateReplace`, or apply the definitions before the upgrade."
    return None
