"""What the cluster follows stays the same."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex, is_unknown
from pytest_gitops.checks.rule import FieldPath, Scope, Violation, rule
from pytest_gitops.model import HelmRelease, JsonObject, Kustomization, Part, Severity
from pytest_gitops.objects import mapping, scalar
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.dangers._telling import counted

_KINDS = ("GitRepository", "OCIRepository", "Bucket", "HelmRepository")
# Where a source says what it is of; versions within come and go with every update, and are none of it.
_FIELDS: tuple[FieldPath, ...] = (
    ("spec", "url"),
    ("spec", "endpoint"),
    ("spec", "bucketName"),
    ("spec", "prefix"),
    ("spec", "ref", "branch"),
)
_RESUME = "Resume it once what follows it is to change again."
_REFERENCES: tuple[FieldPath, ...] = (
    ("spec", "sourceRef"),
    ("spec", "chartRef"),
    ("spec", "chart", "spec", "sourceRef"),
)


@rule(
    "review-source-changed",
    check="review",
    set="recommended",
    severity="info",
    scope=Scope.CLUSTER_CHANGE,
    description="A source goes on being of the same repository and branch and is not suspended, a Kustomization or "
    "HelmRelease is made from the same source. What another one holds, a review of this repository may not tell. Where "
    "the source is this repository itself, the cluster no longer follows what is reviewed: a warning.",
    remedy="Make sure that what the cluster follows from now on has all that it needs: what it lacks is pruned.",
    source="https://fluxcd.io/flux/components/source/gitrepositories/#reference",
    passing=[
        """
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web, namespace: flux-system}
spec: {url: "oci://registry.example.com/web", ref: {tag: 1.0.0}}
# after the change
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web, namespace: flux-system}
spec: {url: "oci://registry.example.com/web", ref: {tag: 1.1.0}}
""",
    ],
    failing=[
        """
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: web, namespace: flux-system}
spec: {url: "https://git.example.com/web", ref: {branch: main}}
# after the change
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: web, namespace: flux-system}
spec: {url: "https://git.example.com/web", ref: {branch: next}}
""",
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: web, namespace: flux-system}
spec: {sourceRef: {kind: GitRepository, name: flux-system}}
# after the change
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: web, namespace: flux-system}
spec: {sourceRef: {kind: OCIRepository, name: web}}
""",
        """
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web, namespace: flux-system}
spec: {url: "oci://registry.example.com/web"}
# after the change
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web, namespace: flux-system}
spec: {url: "oci://registry.example.com/web", suspend: true}
""",
    ],
)
def source_changed(_: ClusterComparison, cluster: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for each source of something else, and each part that has another source."""
    if cluster.base is None or cluster.head is None:
        return
    for change in cluster.changes:
        if change.id.kind in _KINDS and change.before and change.after:
            yield from _source(change, cluster.base)
            yield from _suspended(change, cluster.base)
    for pair in cluster.parts:
        if pair.before is not None and pair.after is not None and not pair.renamed:
            yield from _part(pair.before, pair.after)


def _source(change: Change, base: ClusterIndex) -> Iterator[Violation]:
    for path in _FIELDS:
        before, after = (_at(side, path) for side in (change.old, change.new))
        if before == after or not before:
            continue
        # Without a branch, something else of the repository is named: a tag, a commit.
        now = after or ", ".join(f"{key} {value}" for key, value in mapping(change.new, "spec", "ref").items())
        now = "what Git doesn't tell" if is_unknown(now) else now or "nothing"
        message = f"{change.id}: {path[-1]} {before} becomes {now}{_followers(change, base)}"
        severity = Severity.WARNING if _is_this_repository(change, base) else None
        yield Violation(message, path, change.held.resource, severity=severity)
        return


def _suspended(change: Change, base: ClusterIndex) -> Iterator[Violation]:
    before, after = (mapping(side, "spec").get("suspend") for side in (change.old, change.new))
    if after is True and before is not True:
        message = f"{change.id} is suspended: nothing new of it reaches the cluster{_followers(change, base)}"
        severity = Severity.WARNING if _is_this_repository(change, base) else None
        yield Violation(message, ("spec", "suspend"), change.held.resource, severity=severity, remedy=_RESUME)


def _followers(change: Change, base: ClusterIndex) -> str:
    number = sum(str(change.id) in (name for _, name in _references(part)) for part in base.cluster.parts)
    return f"; {counted(number, 'part')} of the cluster {'follows' if number == 1 else 'follow'} it" if number else ""


def _is_this_repository(change: Change, base: ClusterIndex) -> bool:
    root = base.fleet.fleet.root
    return any(source.id == change.id and source.directory == root for source in base.cluster.sources)


def _part(before: Part, after: Part) -> Iterator[Violation]:
    if not isinstance(after, Kustomization | HelmRelease):
        return
    old, new = (next(_references(part), None) for part in (before, after))
    if old is not None and new is not None and old[1] != new[1]:
        message = f"{after.id} is made from {new[1]}, no longer from {old[1]}"
        yield Violation(message, new[0], after)


def _references(part: Part) -> Iterator[tuple[FieldPath, str]]:
    """Yield where a part names its source, and the source as ``Kind/namespace/name``."""
    for path in _REFERENCES:
        found = mapping(part.object, *map(str, path))
        if scalar(found, "name"):
            namespace = scalar(found, "namespace") or part.id.namespace
            yield path, f"{scalar(found, 'kind')}/{namespace}/{scalar(found, 'name')}"


def _at(obj: JsonObject, path: FieldPath) -> str:
    return scalar(mapping(obj, *map(str, path[:-1])), str(path[-1]))
