"""A Kustomization waits for a HelmRelease as long as Helm may take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.durations import seconds
from pytest_gitops.checks.rule import FieldPath, Scope, Violation, rule
from pytest_gitops.model import Kustomization, Resource

_RELEASE = "HelmRelease.helm.toolkit.fluxcd.io"
# kustomize-controller 1.9, Kustomization.GetTimeout: what is left of the interval, and half a minute at least.
_RESERVE = _SHORTEST = 30.0


@rule(
    "timeout-too-short",
    check="graph",
    set="recommended",
    severity="warning",
    scope=Scope.KUSTOMIZATION,
    description="A Kustomization that waits for a HelmRelease gives it the time that the release gives Helm. Without "
    "`timeout` a Kustomization waits for its interval less 30 seconds. One that waits for less fails while Helm is "
    "still installing, and what depends on it waits for its next try.",
    remedy="Raise the Kustomization's `timeout` to the HelmRelease's, or lower that.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#timeout",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, prune: true, wait: true}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: web, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
spec: {interval: 1h, timeout: 15m}
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, timeout: 5m, prune: true, wait: true}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: web, labels: {kustomize.toolkit.fluxcd.io/name: apps}}
spec: {interval: 1h, timeout: 15m}
"""
    ],
)
def timeout_too_short(kustomization: Kustomization, context: Context) -> Iterator[Violation]:
    """Yield a violation where the release that may take longest takes longer than the Kustomization waits."""
    spec = kustomization.spec
    patience = _patience(spec)
    waiting = [(_time(release), release) for release in _awaited(kustomization, context)]
    longest, release = max(waiting, key=lambda pair: pair[0], default=(0.0, None))
    if release is None or patience is None or longest <= patience:
        return
    field = "timeout" if spec.get("timeout") else "interval"
    limit = f"its {field} is {spec[field]}"
    message = (
        f"Kustomization {kustomization.name} waits for HelmRelease {release.namespace}/{release.name}, whose timeout "
        f"is {release.spec['timeout']}, but {limit}"
    )
    path: FieldPath = ("spec", field)
    yield Violation(message, path, value=True)


def _patience(spec: dict[str, Any]) -> float | None:
    """Return the seconds that a Kustomization waits for health, None where that can't be told."""
    if spec.get("timeout"):
        given = seconds(spec["timeout"])
    else:
        interval = seconds(spec.get("interval"))
        given = None if interval is None else interval - _RESERVE
    return None if given is None else max(given, _SHORTEST)


def _time(release: Resource) -> float:
    """Return the seconds that Helm is explicitly given for every action, 0 where none are or it doesn't wait."""
    given = [release.spec]
    given += [found for action in ("install", "upgrade") if isinstance(found := release.spec.get(action), dict)]
    if any(each.get("disableWait") for each in given):
        return 0.0
    times = [seconds(each["timeout"]) or 0.0 for each in given if each.get("timeout")]
    return min(times) if release.spec.get("timeout") else 0.0


def _awaited(kustomization: Kustomization, context: Context) -> Iterator[Resource]:
    """Yield the releases that the Kustomization waits for: all it applies with ``wait``, else its ``healthChecks``."""
    spec = kustomization.spec
    if spec.get("wait") is True:
        found = [r for r in kustomization.rendered or () if f"{r.kind}.{r.id.group}" == _RELEASE]
    else:
        checks = [entry for entry in spec.get("healthChecks") or () if isinstance(entry, dict)]
        named = [e for e in checks if e.get("kind") == "HelmRelease" and e.get("name")]
        owned = [context.cluster.get(_RELEASE, str(e.get("namespace") or ""), str(e["name"])) for e in named]
        found = [each.resource for each in owned if each is not None]
    yield from (release for release in found if release.spec.get("suspend") is not True)
