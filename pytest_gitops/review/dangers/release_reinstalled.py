"""A release keeps what it is known by."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import FieldPath, Scope, Violation, rule
from pytest_gitops.model import HelmRelease
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._data import losses
from pytest_gitops.review.dangers._telling import listed, named
from pytest_gitops.review.releases import chart_of, identity, is_reinstalled

_FIELDS: tuple[tuple[str, FieldPath], ...] = (
    ("release name", ("spec", "releaseName")),
    ("target namespace", ("spec", "targetNamespace")),
    ("storage namespace", ("spec", "storageNamespace")),
)


@rule(
    "review-release-reinstalled",
    check="review",
    set="essential",
    severity="warning",
    scope=Scope.PART_CHANGE,
    description="A HelmRelease keeps its release name, its target and storage namespace and its chart's name: where "
    "one of them changes, helm-controller uninstalls the release and installs another one.",
    remedy="Leave the field as it is; for another chart's name, set `spec.upgrade.chartNameChangeStrategy: "
    "InPlaceUpdate`.",
    source="https://fluxcd.io/flux/components/helm/helmreleases/#target-namespace",
    passing=[
        """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
# after the change
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {releaseName: web, storageNamespace: apps}
""",
    ],
    failing=[
        """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
# after the change
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {targetNamespace: other}
""",
    ],
)
def release_reinstalled(pair: PartPair, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a release that is uninstalled to be installed anew."""
    old, new = pair.before, pair.after
    if not isinstance(old, HelmRelease) or not isinstance(new, HelmRelease) or pair.renamed or new.suspended:
        return
    for (what, path), before, after in zip(_FIELDS, identity(old), identity(new), strict=True):
        if before != after:
            yield Violation(_message(new, f"its {what} changes from {before} to {after}", old, cluster), path, new)
            return
    if is_reinstalled(old, new):
        message = _message(new, f"its chart changes from {chart_of(old)[0]} to {chart_of(new)[0]}", old, cluster)
        yield Violation(message, ("spec", "chart", "spec", "chart"), new)


def _message(release: HelmRelease, why: str, old: HelmRelease, cluster: ClusterComparison) -> str:
    lost = listed(losses(old, cluster.base)) if cluster.base else ""
    return f"{named(release)} is uninstalled and installed anew, as {why}{f'; lost is {lost}' if lost else ''}"
