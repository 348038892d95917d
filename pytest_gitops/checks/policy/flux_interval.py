"""Flux objects are reconciled neither all the time nor next to never."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.durations import seconds
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

_SOURCES = ("GitRepository", "OCIRepository", "HelmRepository", "Bucket", "HelmChart", "ImageRepository")


@rule(
    "flux-interval",
    set="recommended",
    severity="warning",
    kinds=("Kustomization", "HelmRelease", "ImageUpdateAutomation", *_SOURCES),
    description="`interval`, `retryInterval` and `timeout` of Flux objects are sensible: not so short that they load "
    "the API server and the source without end, not so long that drift and failures stay for days, and a retry "
    "that comes before the next reconciliation anyway.",
    remedy="Choose an interval of minutes to a day, a shorter retryInterval, and a timeout that an apply can meet.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#interval",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1h, retryInterval: 2m, timeout: 5m, prune: true}
"""
    ],
    failing=[
        """
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: apps, namespace: flux-system}
spec: {interval: 5s}
""",
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 5m, retryInterval: 10m}
""",
    ],
)
def flux_interval(
    resource: Resource, *, shortest: str = "30s", longest: str = "168h", shortest_timeout: str = "10s"
) -> Iterator[Violation]:
    """Yield a violation for each duration that isn't sensible."""
    spec = resource.spec
    interval, retry, timeout = (seconds(spec.get(key)) for key in ("interval", "retryInterval", "timeout"))
    if interval is not None and interval < (seconds(shortest) or 0):
        yield Violation(f"interval {spec['interval']} is shorter than {shortest}", ("spec", "interval"), value=True)
    elif interval is not None and interval > (seconds(longest) or interval):
        yield Violation(f"interval {spec['interval']} is longer than {longest}", ("spec", "interval"), value=True)
    elif retry is not None and interval is not None and retry > interval:
        message = f"retryInterval {spec['retryInterval']} is longer than the interval, {spec['interval']}"
        yield Violation(message, ("spec", "retryInterval"), value=True)
    if timeout is not None and timeout < (seconds(shortest_timeout) or 0):
        message = f"timeout {spec['timeout']} is shorter than {shortest_timeout}"
        yield Violation(message, ("spec", "timeout"), value=True)
