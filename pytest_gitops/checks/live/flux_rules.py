"""The rules that Flux's own controllers judge, in a cluster that follows the working tree."""

from __future__ import annotations

from pytest_gitops.checks.rule import Rule
from pytest_gitops.model import Severity

_CONDITIONS = "https://fluxcd.io/flux/components/kustomize/kustomizations/#conditions"


def _rule(id: str, description: str, remedy: str) -> Rule:
    return Rule(
        id=id,
        check="reconcile",
        set="essential",
        severity=Severity.ERROR,
        description=description,
        remedy=remedy,
        source=_CONDITIONS,
    )


failed = _rule(
    "reconcile-failed",
    "Flux reconciles every Kustomization and HelmRelease: it builds, applies, and its health checks pass.",
    "Correct what Flux's condition names.",
)
unready = _rule(
    "reconcile-unready",
    "Every Kustomization and HelmRelease comes to an end, one way or the other.",
    "Look at what it waits for: a dependency, a health check, a source.",
)
