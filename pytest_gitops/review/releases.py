"""What tells one Helm release from another, as helm-controller 1.6 does (api/v2, action.ReleaseTargetChanged)."""

from __future__ import annotations

from pytest_gitops.model import HelmRelease
from pytest_gitops.objects import mapping, scalar

Identity = tuple[str, str, str]


def identity(release: HelmRelease) -> Identity:
    """Return the release's name, the namespace it is installed in, and the one that Helm keeps its record in."""
    spec, own = release.spec, release.id.namespace
    target = scalar(spec, "targetNamespace")
    name = scalar(spec, "releaseName") or (f"{target}-{release.id.name}" if target else release.id.name)
    return name, target or own, scalar(spec, "storageNamespace") or own


def chart_of(release: HelmRelease) -> tuple[str, str]:
    """Return the chart's name and version: what was installed from, else what the object asks for."""
    if release.chart is not None:
        return release.chart.name, release.chart.version
    spec = mapping(release.spec, "chart", "spec")
    repository = mapping(spec, "sourceRef").get("kind") == "HelmRepository"
    return scalar(spec, "chart") if repository else "", scalar(spec, "version")


def is_reinstalled(before: HelmRelease, after: HelmRelease) -> bool:
    """Return whether helm-controller uninstalls a release to install what the HelmRelease says now."""
    if identity(before) != identity(after):
        return True
    old, new = chart_of(before)[0], chart_of(after)[0]
    in_place = mapping(after.spec, "upgrade").get("chartNameChangeStrategy") == "InPlaceUpdate"
    return bool(old and new and old != new) and not in_place


def remediation(release: HelmRelease) -> str | None:
    """Return what helm-controller does of its own once an upgrade failed: ``rollback``, ``uninstall``, or nothing."""
    upgrade = mapping(release.spec, "upgrade")
    asked = mapping(upgrade, "remediation")
    if mapping(upgrade, "strategy").get("name") == "RetryOnFailure":
        return None
    if not asked.get("retries") and not asked.get("remediateLastFailure"):
        return None
    return scalar(asked, "strategy") or "rollback"
