"""A chart's major version, or one that goes back."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import HelmRelease, Severity
from pytest_gitops.objects import mapping
from pytest_gitops.review.comparison import ClusterComparison, PartPair
from pytest_gitops.review.dangers._telling import named
from pytest_gitops.review.dangers._versions import numbers
from pytest_gitops.review.releases import chart_of

_WHERE = ("spec", "chart", "spec", "version")


@rule(
    "review-chart-version",
    check="review",
    set="recommended",
    severity="info",
    scope=Scope.PART_CHANGE,
    description="A chart's new major version may ask for more than an upgrade: other values, steps by hand, new "
    "CustomResourceDefinitions, which helm-controller leaves as they are unless `spec.upgrade.crds` says otherwise. A "
    "version that goes back is a warning: charts seldom undo what they did.",
    remedy="Read the chart's notes on upgrading; set `spec.upgrade.crds: CreateReplace` where its definitions have to "
    "follow.",
    source="https://fluxcd.io/flux/components/helm/helmreleases/#controlling-the-lifecycle-of-custom-resource-definitions",
    passing=[
        """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {chart: {spec: {chart: web, version: 1.2.3}}}
# after the change
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {chart: {spec: {chart: web, version: 1.3.0}}}
""",
    ],
    failing=[
        """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {chart: {spec: {chart: web, version: 1.2.3}}}
# after the change
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {chart: {spec: {chart: web, version: 2.0.0}}}
""",
        """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {chart: {spec: {chart: web, version: 1.2.3}}}
# after the change
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {chart: {spec: {chart: web, version: 1.2.2}}}
""",
    ],
)
def chart_version(pair: PartPair, _: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for a chart whose major version changes, or that goes back."""
    if not isinstance(pair.before, HelmRelease) or not isinstance(pair.after, HelmRelease):
        return
    (old_name, old), (new_name, new) = chart_of(pair.before), chart_of(pair.after)
    before, after = numbers(old), numbers(new)
    if before is None or after is None or old_name != new_name:
        return
    what = f"{named(pair.after)}: the chart {new_name}".rstrip()
    if after < before:
        yield Violation(f"{what} goes back from {old} to {new}", _WHERE, pair.after, severity=Severity.WARNING)
    elif after[0] > before[0]:
        policy = mapping(pair.after.spec, "upgrade").get("crds") or "Skip"
        note = "; CustomResourceDefinitions in its crds/ stay as they are" if policy == "Skip" else ""
        yield Violation(
            f"{what} goes from major version {before[0]} to {after[0]} ({old} to {new}){note}", _WHERE, pair.after
        )
