"""Whether a cluster has what an object refers to, or something in it may make that at run time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from heapq import merge
from operator import itemgetter

from pytest_gitops.checks import given, kinds
from pytest_gitops.checks.context import ClusterIndex, is_unknown
from pytest_gitops.checks.rule import FieldPath, Violation
from pytest_gitops.checks.spelling import misspelt
from pytest_gitops.model import Kustomization, Resource, Severity
from pytest_gitops.objects import without_hash
from pytest_gitops.variables import made_object, may_make

_FLUX = ".fluxcd.io"
_BROUGHT_ALONG = frozenset(kinds.GROUPS.values())
_OWN = ("apps", "autoscaling", "batch", "policy")  # Kubernetes' groups without a dot, which no other group can be
# Custom resources that name what others made, and make nothing that is referred to.
_ROUTES = ("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute", "ReferenceGrant")
_TRAFFIC = ("DestinationRule", "IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "VirtualService")
_WATCHERS = ("PodMonitor", "PrometheusRule", "ServiceMonitor", "VerticalPodAutoscaler")
# What an operator makes for a custom resource, and calls `web-db`, `vmauth-web` or `el-web-listener` for its `web`.
_SETTINGS = ("Secret", "ConfigMap", "PersistentVolumeClaim", "Service", "ServiceAccount", "Namespace")
_MADE = frozenset((*_SETTINGS, "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"))
# What they make is what they name, and nothing besides.
_NAMING = ("Certificate", "ExternalSecret", "SealedSecret")
_MAKING_NOTHING = frozenset((*_ROUTES, *_TRAFFIC, *_WATCHERS, *_NAMING))


def absent(
    cluster: ClusterIndex,
    kind: str,
    namespace: str,
    name: str,
    *,
    message: str,
    path: FieldPath,
    subject: Resource | Kustomization | None = None,
    severity: Severity | None = None,
    besides: Resource | None = None,
    known: Iterable[str] = (),
    twin: str = "",
) -> Iterator[Violation]:
    """Yield a violation where neither Git nor anything that runs in the cluster is known to provide an object.

    Where something may make it (a custom resource that names it, or is named as it begins; a part of the cluster
    that isn't rendered), the violation is an info that names it, or a warning where the name looks misspelt.
    ``besides`` is an object that can't bring along what it needs itself. ``known`` are further names that are right;
    ``twin`` is what is there under that name instead, of another kind.
    """
    if (
        (kind, name) in given.NAMESPACED
        or cluster.get(kind, namespace, name) is not None
        or _is_made(cluster, kind, namespace, name)
        or _is_miswritten(cluster, kind, namespace, name)
    ):
        return
    similar = twin or _similar(cluster, kind, namespace, name) or misspelt(name, known)
    if maker := _may_be_made(cluster, kind, namespace, name):
        yield _unknown(f"{message}: unknown, as {maker.id} may make it", message, path, subject, similar)
        return
    for violation in cluster.missing(
        kind, namespace, name, message=message, path=path, subject=subject, besides=besides
    ):
        if violation.severity is Severity.INFO:
            yield _unknown(violation.message, message, path, subject, similar)
        else:
            remedy = f"Did you mean {twin}?" if twin else near(cluster, kind, namespace, name)
            yield Violation(message, path, subject, remedy=remedy, severity=severity)


def _unknown(
    unknown: str, message: str, path: FieldPath, subject: Resource | Kustomization | None, similar: str | None
) -> Violation:
    """What isn't known is an info that says why; where the name looks like a slip, that is worth a warning."""
    if similar is None:
        return Violation(unknown, path, subject, severity=Severity.INFO)
    remedy = f"Did you mean {similar}?"
    return Violation(f"{message}, as far as Git tells", path, subject, severity=Severity.WARNING, remedy=remedy)


def doubtful(
    cluster: ClusterIndex,
    kind: str,
    namespace: str,
    name: str,
    *,
    message: str,
    path: FieldPath,
    known: Iterable[str] = (),
) -> Iterator[Violation]:
    """Yield a warning where an object that is often made by hand is absent, and its name looks misspelt.

    ``known`` are further names that are right.
    """
    if name in known or cluster.get(kind, namespace, name) is not None or _is_made(cluster, kind, namespace, name):
        return
    similar = _similar(cluster, kind, namespace, name) or misspelt(name, known)
    if similar and not _may_be_made(cluster, kind, namespace, name):
        yield Violation(message, path, severity=Severity.WARNING, remedy=f"Did you mean {similar}?")


def _similar(cluster: ClusterIndex, kind: str, namespace: str, name: str) -> str | None:
    """Return what is meant by a name: that of a generator with its hash, or one that is much like it."""
    here = {owned.resource.name for owned in cluster.of_kind(kind) if owned.resource.namespace == namespace}
    generated = {stem: other for other in here if (stem := without_hash(other)) != other}
    if name in generated:
        return generated[name]
    if kind == "Secret":
        here |= {made for where, made in cluster.memo(made_secrets) if where == namespace}
    return misspelt(name, here | generated.keys())


def near(cluster: ClusterIndex, kind: str, namespace: str, name: str) -> str | None:
    """Return a remedy that names the likeliest object meant: of the same name elsewhere, or of nearly the same
    name."""
    others = [owned.resource for owned in cluster.of_kind(kind)]
    if elsewhere := [other.namespace for other in others if other.name == name and other.namespace != namespace]:
        return f"There is one in the namespace {', '.join(sorted(set(elsewhere)))}; it has to be in {namespace}."
    here = [other.name for other in others if other.namespace == namespace]
    if close := get_close_matches(name, here, 1, 0.75):
        return f"Did you mean {close[0]}?"
    return None


def made_secrets(cluster: ClusterIndex) -> dict[tuple[str, str], Resource]:
    """Return the Secrets that rendered objects make at run time (ExternalSecret, Certificate, …), and those
    objects."""
    found: dict[tuple[str, str], Resource] = {}
    for owned in cluster.resources:
        if may_make(owned.resource) and (made := made_object(owned.resource)):
            found.setdefault((owned.resource.namespace, made[1]), owned.resource)
    return found


def _is_miswritten(cluster: ClusterIndex, kind: str, namespace: str, name: str) -> bool:
    """Tell whether the object is there but for its own kind or group, of which the schema tells."""
    wanted, _ = kinds.split(kind)
    same = (owned.resource.id for owned in cluster.resources if owned.resource.name == name)
    return any(
        id.namespace == namespace
        and (
            misspelt(id.kind, [wanted])
            or (id.kind == wanted and id.group and "." not in id.group and id.group not in _OWN)
        )
        for id in same
    )


def _is_made(cluster: ClusterIndex, kind: str, namespace: str, name: str) -> bool:
    return kind == "Secret" and (namespace, name) in cluster.memo(made_secrets)


def _may_be_made(cluster: ClusterIndex, kind: str, namespace: str, name: str) -> Resource | None:
    """Operators name what they make after the object they make it for, or are told its name in a field of that."""
    if kinds.split(kind)[0] not in _MADE:
        return None
    quoted, spaced = f'"{name}"', f"-{name}-"
    makers = cluster.memo(_custom_resources)
    for _, resource in merge(*(makers.get(where, []) for where in {"", namespace}), key=itemgetter(0)):
        if f"-{resource.name}-" in spaced or quoted in resource.text:
            return resource
    return None


def _custom_resources(cluster: ClusterIndex) -> dict[str, list[tuple[int, Resource]]]:
    """Return the custom resources that may make something, each with its position, by their namespace."""
    found: dict[str, list[tuple[int, Resource]]] = defaultdict(list)
    for position, owned in enumerate(cluster.resources):
        group = owned.resource.id.group
        if group not in _BROUGHT_ALONG and not group.endswith(_FLUX) and owned.resource.kind not in _MAKING_NOTHING:
            found[owned.resource.namespace].append((position, owned.resource))
    return found


# How many objects name something, by what it is (its kind and namespace) and its name.
Used = Counter[tuple[tuple[str, str], str]]
MANY = 2  # a name that so many use is taken for right


def often(used: Used, what: tuple[str, str], name: str) -> list[str]:
    """Return the names of the kind that many objects use, none for one that many use itself."""
    if used[what, name] >= MANY:
        return []
    return [other for (of, other), count in used.items() if of == what and count >= MANY]


def named(value: object) -> str:
    """Return a reference's name as text; empty where there is none, or where Git can't tell it."""
    return "" if value is None or is_unknown(value) else str(value)
