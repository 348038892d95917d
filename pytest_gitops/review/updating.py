"""What the API server refuses of a change: asked of the engine once, for all objects that are there and differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from pytest_gitops.checks.context import ClusterIndex, remote_of
from pytest_gitops.hiding import Hiding
from pytest_gitops.model import JsonObject, Kustomization
from pytest_gitops.objects import mapping
from pytest_gitops.rendering.protocol import RenderError, RendererUnavailableError
from pytest_gitops.rendering.validator import Validator
from pytest_gitops.review.comparison import Change, ClusterComparison, Comparison, Refusal
from pytest_gitops.review.fates import is_forced
from pytest_gitops.review.model import Action
from pytest_gitops.validation import SchemaJudge

_Batch = tuple[ClusterComparison, list[Change]]


def with_refusals(comparison: Comparison, judge: SchemaJudge) -> Comparison:
    """Return the comparison with what the API server refuses of its changes.

    ``judge`` says by which versions and schemas objects are judged, and with which engine. Where no engine can be
    had, nothing is known: the checks of the check ``schema`` say so.
    """
    if not any(_judgeable(cluster) for cluster in comparison.clusters):
        return comparison
    try:
        with closing(Validator(judge.cache, judge.standby)) as validator:
            found = _Asking(judge, validator).refusals(comparison)
    except RendererUnavailableError:
        return comparison
    clusters = (replace(cluster, refusals=found.get(cluster.name, {})) for cluster in comparison.clusters)
    return replace(comparison, clusters=tuple(clusters))


def _judgeable(cluster: ClusterComparison) -> list[Change]:
    """Return the changes to objects that are in the cluster and stay there: nothing but an update."""
    return [
        change
        for change in cluster.changes
        if change.action in (Action.CHANGED, Action.MOVED)
        and change.known
        and not change.renamed
        and change.before is not None
        and change.after is not None
        and change.before.resource.text != change.after.resource.text
    ]


class _Asking:
    """One round of questions to one engine."""

    def __init__(self, judge: SchemaJudge, validator: Validator) -> None:
        self._judge = judge
        self._validator = validator

    def refusals(self, comparison: Comparison) -> dict[str, dict[Change, tuple[Refusal, ...]]]:
        """Return what is refused, by the cluster's name and the change."""
        opened = list(self._opened(comparison))
        batches: dict[int, _Batch] = {}
        creations: set[int] = set()
        plain = not any(Hiding.of(side.fleet) for side in (comparison.base, comparison.head))
        for handle, cluster, changes in opened:
            pairs = [(c.before.resource.text, c.after.resource.text) for c in changes if c.before and c.after]
            batches[self._validator.submit_updates(handle, pairs, cacheable=plain)] = (cluster, changes)
            # By force an object is deleted before the API server says no to the new one.
            forced = [change for change in changes if is_forced(change)]
            if forced:
                texts = [change.held.resource.text for change in forced]
                ticket = self._validator.submit(handle, texts, namespaces=True, cacheable=plain)
                batches[ticket] = (cluster, forced)
                creations.add(ticket)
        found: dict[str, dict[Change, tuple[Refusal, ...]]] = {}
        for verdict in self._validator.verdicts():
            if verdict.ticket not in batches:
                continue
            cluster, changes = batches[verdict.ticket]
            for change, findings in zip(changes, verdict.findings, strict=False):
                if said := tuple(_refusals(change, findings, invalid=verdict.ticket in creations)):
                    known = found.setdefault(cluster.name, {})
                    known[change] = (*known.get(change, ()), *said)
        return found

    def _opened(self, comparison: Comparison) -> Iterator[tuple[int, ClusterComparison, list[Change]]]:
        """Yield the changes with the handle of what the cluster that they go to knows, once opened for all."""
        for cluster in comparison.clusters:
            changes = _judgeable(cluster)
            for target in cluster.head.targets.values() if cluster.head and changes else ():
                concerned = [change for change in changes if _target(change) == target.remote]
                if concerned and (handle := self._handle(target)) is not None:
                    yield handle, cluster, concerned

    def _handle(self, target: ClusterIndex) -> int | None:
        answer = self._validator.open(self._judge.knowledge(target, self._judge.versions_for(target)[0]))
        return None if isinstance(answer, RenderError) else answer[0]


def _target(change: Change) -> str:
    part = change.held.part
    return remote_of(part) if isinstance(part, Kustomization) else ""


def _refusals(change: Change, findings: Sequence[JsonObject], *, invalid: bool) -> Iterator[Refusal]:
    # A Job that is deleted some time after it ended is probably gone: its next form is a new one.
    passing = change.id.kind == "Job" and mapping(change.old, "spec").get("ttlSecondsAfterFinished") is not None
    for finding in findings:
        sure = finding["severity"] == "error" and not passing
        if sure or not invalid:
            yield Refusal(tuple(finding["path"]), str(finding["message"]), sure=sure, invalid=invalid)
