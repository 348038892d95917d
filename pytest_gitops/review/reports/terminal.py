"""A review as lines for the terminal: what each cluster gets, with ``-v`` the objects, with ``-vv`` the diffs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pytest_gitops.model import Severity
from pytest_gitops.review.model import Action, ClusterReview, ObjectChange, Review
from pytest_gitops.review.reports.grouping import (
    SharedChange,
    alike_findings,
    overview,
    shared_changes,
    shared_images,
    shared_parts,
)
from pytest_gitops.review.reports.summary import by_danger, summary
from pytest_gitops.review.reports.visible import one_line, visible
from pytest_gitops.review.reports.wording import (
    count,
    dangers,
    happening,
    listed,
    part_news,
    revision,
    tag,
)

Line = tuple[str, dict[str, bool]]

_SEVERITIES = {Severity.ERROR: {"red": True}, Severity.WARNING: {"yellow": True}, Severity.INFO: {}}
_ACTIONS = {
    Action.ADDED: ("+", {"green": True}),
    Action.CHANGED: ("~", {"yellow": True}),
    Action.REMOVED: ("-", {"red": True}),
    Action.MOVED: (">", {"cyan": True}),
}
_DIFF = {"+": {"green": True}, "-": {"red": True}, "@": {"cyan": True}}


def write_review(terminal: Any, review: Review) -> None:
    """Write the section of a review; one line with ``-q``."""
    if terminal.verbosity < 0:
        terminal.line(f"gitops review: {overview(review)}")
        return
    terminal.section("gitops review")
    for text, markup in lines(review, terminal.verbosity):
        terminal.line(text, **markup)


def lines(review: Review, verbosity: int = 0) -> Iterator[Line]:
    """Yield the lines of the section, each with its markup as pytest's terminal writer takes it."""
    yield f"{_side(review, 0)} → {_side(review, 1)}: {overview(review)}", {"bold": True}
    for cluster in by_danger(review):
        yield _cluster(cluster)
    if verbosity > 0:
        yield from _findings(review)
        yield from _parts(review, reasons=verbosity > 1)
        yield from _changes(review, diffs=verbosity > 1)
        yield from _images(review)
    for note in review.notes:
        yield f"note: {one_line(note)}", {}


def _side(review: Review, number: int) -> str:
    ref, commit = revision((review.base, review.head)[number])
    return one_line(f"{ref} ({commit})")


def _cluster(cluster: ClusterReview) -> Line:
    n = summary(cluster)
    numbers = [(n.added, "added"), (n.changed, "changed"), (n.removed, "removed"), (n.moved, "moved")]
    said = [f"{number:,} {word}" for number, word in numbers if number]
    said += [count(n.images, "image")] if n.images else []
    failing = sum(part.outcome_after == "failed" and part.outcome_before != "failed" for part in cluster.parts)
    said += [f"{count(failing, 'part fails', 'parts fail')} to render"] if failing else []
    differing = count(len(cluster.parts), "part differs", "parts differ") if cluster.parts else "no change"
    told = ", ".join(said) or differing
    came = f" ({cluster.action.value})" if cluster.action else ""
    found = dangers(n)
    severity = next((s for s in Severity if getattr(n, s.value)), None)
    markup = _SEVERITIES[severity] if severity else {}
    return f"{one_line(cluster.name)}{came}: {told}{f'; {found}' if found else ''}", markup


def _findings(review: Review) -> Iterator[Line]:
    for shared, *others in alike_findings(review):
        finding, markup = shared.finding, _SEVERITIES[shared.finding.severity]
        place = f"{finding.location}: " if finding.location else ""
        yield f"{finding.severity.value}: {one_line(place + finding.message)}", markup
        yield "    " + one_line(f"rule: {finding.rule}{_within(review, shared.clusters)}"), {}
        if others:
            names = listed([other.finding.resource or "" for other in others])
            yield "    " + one_line(f"the same of {count(len(others), 'more object')}: {names}"), {}
        if finding.remedy:
            yield f"    remedy: {one_line(finding.remedy)}", {}


def _parts(review: Review, *, reasons: bool) -> Iterator[Line]:
    known, unknown = shared_parts(review)
    for shared in [*known, *(unknown if reasons else ())]:
        part, news = shared.part, "; ".join(part_news(shared.part))
        yield one_line(f"{part.id}: {news}{_within(review, shared.clusters)}"), {}
    if unknown and not reasons:
        names = list(dict.fromkeys(str(shared.part.id) for shared in unknown))
        yield one_line(f"{count(len(names), 'part')} not compared, since not rendered: {listed(names, shown=3)}"), {}


def _within(review: Review, clusters: Sequence[str]) -> str:
    """Return the clusters that something is about, nothing where there is one only."""
    return f" ({listed(clusters, len(review.clusters))})" if len(review.clusters) > 1 else ""


def _changes(review: Review, *, diffs: bool) -> Iterator[Line]:
    for alike in _alike(shared_changes(review), diffs=diffs):
        change = alike[0].change
        clusters = sorted({name for shared in alike for name in shared.clusters})
        yield one_line(_told(change) + _within(review, clusters)), _ACTIONS[change.action][1]
        if diffs:
            text = change.diff.removesuffix("\n")
            yield from ((f"    {visible(line)}", _DIFF.get(line[:1], {})) for line in text.split("\n") if text)


def _alike(changes: Sequence[SharedChange], *, diffs: bool) -> Iterable[list[SharedChange]]:
    """Return the changes in groups of which the same is told: without diffs, clusters' own values don't show."""
    groups: dict[object, list[SharedChange]] = {}
    for number, shared in enumerate(changes):
        groups.setdefault(number if diffs else _told(shared.change), []).append(shared)
    return groups.values()


def _told(change: ObjectChange) -> str:
    return f"{_ACTIONS[change.action][0]} {change.id}: {happening(change)}{_owners(change)}"


def _owners(change: ObjectChange) -> str:
    before, after = change.owner_before, change.owner_after
    if before and after and before != after:
        return f" from {before} to {after}"
    return f" in {after or before}" if after or before else ""


def _images(review: Review) -> Iterator[Line]:
    for shared in shared_images(review):
        image = shared.image
        change = f"{tag(image.before) or 'none'} → {tag(image.after) or 'none'}"
        used = f" in {listed(image.workloads)}" if image.workloads else ""
        yield one_line(f"image {image.name}: {change}{used}{_within(review, shared.clusters)}"), {}
