"""The words that all reports of a review use for the same thing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_gitops.review.model import Action, ClusterReview, Fate, ObjectChange, PartChange, Review, Revision
from pytest_gitops.review.reports.summary import Summary

FATES = {
    Fate.APPLIED: "applied",
    Fate.PRUNED: "pruned",
    Fate.LEFT_BEHIND: "left behind",
    Fate.UNINSTALLED: "uninstalled",
    Fate.HELD_BACK: "held back",
    Fate.REFUSED: "refused",
    Fate.RECREATED: "recreated",
    Fate.UNKNOWN: "fate unknown",
}
STATUSES = {"A": "added", "C": "copied", "D": "removed", "M": "changed", "R": "renamed", "T": "type changed"}
_DIGEST = re.compile(r"(@sha256:[0-9a-f]{12})[0-9a-f]{52}\b")
_EXPECTED = {(action, Fate.APPLIED) for action in Action}


def happening(change: ObjectChange) -> str:
    """Return what happens to an object, with its fate where that isn't what one expects: ``removed, left behind``."""
    if (change.action, change.fate) in _EXPECTED:
        return change.action.value
    return f"{change.action.value}, {FATES[change.fate]}"


def owner(change: ObjectChange) -> str:
    """Return the part that applies an object, or the two that it moves between."""
    before, after = change.owner_before, change.owner_after
    if before and after and before != after:
        return f"{before} → {after}"
    return after or before or ""


def revision(given: Revision) -> tuple[str, str]:
    """Return a revision's ref, and its commit with what else is to be said of it."""
    commit = given.commit[:10]
    return given.ref, f"{commit}, with uncommitted changes" if given.dirty else commit


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def headline(review: Review) -> str:
    """Return in a few words what a review says."""
    changed = [cluster for cluster in review.clusters if _changes(cluster)]
    if changed:
        return f"{count(len(changed), 'cluster')} {'changes' if len(changed) == 1 else 'change'}"
    unknown = sum(part.outcome_after != "rendered" for cluster in review.clusters for part in cluster.parts)
    if unknown:
        return f"no change in what can be rendered; {count(unknown, 'part')} can't be"
    return "no change in any cluster"


def _changes(cluster: ClusterReview) -> bool:
    differing = (part.action or part.outcome_before != part.outcome_after for part in cluster.parts)
    return bool(cluster.action or cluster.objects or cluster.images or any(differing))


def dangers(counted: Summary) -> str:
    """Return how many findings of which severity there are; nothing where there is none."""
    numbers = ((counted.error, "error"), (counted.warning, "warning"), (counted.info, "info"))
    return ", ".join(
        count(number, noun, "infos") if noun == "info" else count(number, noun) for number, noun in numbers if number
    )


def listed(names: Sequence[str], everywhere: int = 0, shown: int = 4) -> str:
    """Return names as one text, a long list shortened; ``everywhere`` is how many names there are at all."""
    if len(names) == everywhere and everywhere > shown:
        return f"all {everywhere} clusters"
    if len(names) <= shown + 1:
        return ", ".join(names)
    return f"{', '.join(names[:shown])} and {len(names) - shown} more"


def tag(text: str | None) -> str:
    """Return an image's tag with as much of its digest as tells it from others; nothing for None."""
    return _DIGEST.sub(r"\1…", text or "")


def part_news(part: PartChange) -> list[str]:
    """Return what is to be said of a part itself, one phrase each."""
    said = [part.action.value] if part.action else []
    if part.renamed_from:
        said = [f"renamed from {part.renamed_from}"]
    if chart_changes(part):
        said.append(f"chart {part.chart_before or 'none'} → {part.chart_after or 'none'}")
    if part.suspended:
        said.append("suspended: nothing of it is applied until it is resumed")
    if part.outcome_after in ("failed", "skipped"):
        word = "fails to render" if part.outcome_after == "failed" else "not rendered"
        said.append(f"{word}: {part.reason}" if part.reason else word)
    elif not part.known and part.outcome_after is None:
        said.append(part.reason or "what declares it isn't rendered any more, so whether it stays is not known")
    elif not part.known:
        said.append("not rendered before, so what changes is not known")
    return said


def chart_changes(part: PartChange) -> bool:
    """Return whether a release gets another chart, or loses its own: that of one that can't be rendered is unknown."""
    gone = part.outcome_after == "rendered" or part.action is Action.REMOVED
    return part.chart_before != part.chart_after and (part.chart_after is not None or gone)
