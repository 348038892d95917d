"""The pods of a cluster, for what selects them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.pods import mapping, pod_template
from pytest_gitops.checks.rule import FieldPath, Violation
from pytest_gitops.checks.spelling import misspelt
from pytest_gitops.model import JsonObject, Resource, Severity

Labelled = tuple[Resource, JsonObject]

# What operators make no pods for that anybody would select.
_NO_PODS = (
    "fluxcd.io",
    "external-secrets.io",
    "bitnami.com",
    "cert-manager.io",
    "gateway.networking.k8s.io",
    "kyverno.io",
    "cilium.io",
    "isindir.github.com",
    "metallb.io",
)
_NO_POD_KINDS = ("ServiceMonitor", "PodMonitor", "PrometheusRule", "Probe", "ScrapeConfig", "AlertmanagerConfig")


def pods(cluster: ClusterIndex, namespace: str) -> Sequence[Labelled]:
    """Return the workloads of a namespace, each with the labels of its pods."""
    return cluster.memo(_pods).get(namespace, ())


def nothing_selected(
    cluster: ClusterIndex,
    resource: Resource,
    message: str,
    path: FieldPath,
    severity: Severity | None = None,
    *,
    wanted: Mapping[str, Any] | None = None,
) -> Iterator[Violation]:
    """Yield a violation where nothing is selected; an info where a chart or an operator may make what is.

    ``wanted`` are the labels below ``path``; where they look like a misspelling of those of a pod, it is a warning.
    """
    path = (*path, *_unheard(cluster, resource.namespace, wanted or {}))
    if meant := _meant(cluster, resource.namespace, wanted or {}):
        yield Violation(message, path, severity=severity or Severity.WARNING, remedy=f"Did you mean {meant}?")
    elif parts := cluster.unknown("Deployment", resource.namespace):
        yield Violation(f"{message}: unknown, as {parts[0]} may hold it", path, severity=Severity.INFO)
    elif maker := cluster.memo(_makers).get(resource.namespace):
        yield Violation(f"{message}: unknown, as {maker.id} may make it", path, severity=Severity.INFO)
    else:
        yield Violation(message, path, severity=severity, remedy=_remedy(cluster, resource.namespace))


def _unheard(cluster: ClusterIndex, namespace: str, wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the first label that no pod of the namespace has, if any."""
    return next(((key,) for key in wanted if all(ls.get(key) != wanted[key] for _, ls in pods(cluster, namespace))), ())


def _meant(cluster: ClusterIndex, namespace: str, wanted: Mapping[str, Any]) -> str:
    """Return the labels of a pod that differ from those wanted by one misspelt value, if any."""
    for _, labels in pods(cluster, namespace):
        different = [key for key, value in wanted.items() if labels.get(key) != value]
        if len(different) == 1 and misspelt(str(wanted[different[0]]), [str(labels.get(different[0], ""))]):
            return described({key: labels[key] for key in wanted})
    return ""


def described(labels: Mapping[str, Any]) -> str:
    """Return labels as kubectl writes them."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _remedy(cluster: ClusterIndex, namespace: str) -> str | None:
    there = [
        f"{workload.kind} {workload.name} has {described(labels)}" for workload, labels in pods(cluster, namespace)
    ]
    return f"Correct the selector: {'; '.join(there[:3])}." if there else None


def _pods(cluster: ClusterIndex) -> dict[str, list[Labelled]]:
    found: dict[str, list[Labelled]] = defaultdict(list)
    for owned in cluster.of_kind(*kinds.WORKLOADS):
        labels = mapping(pod_template(owned.resource)[1], "metadata", "labels")
        found[owned.resource.namespace].append((owned.resource, labels))
    return found


def _makers(cluster: ClusterIndex) -> dict[str, Resource]:
    """Return, for each namespace, a custom resource that an operator may make pods for."""
    found: dict[str, Resource] = {}
    for owned in cluster.resources:
        group = owned.resource.id.group
        if (
            group not in kinds.GROUPS.values()
            and not group.endswith(_NO_PODS)
            and owned.resource.kind not in _NO_POD_KINDS
        ):
            found.setdefault(owned.resource.namespace, owned.resource)
    return found
