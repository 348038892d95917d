"""A review as Markdown for a comment on a pull request, most dangerous first and never longer than the forge allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pytest_gitops.model import Finding, Location, Severity
from pytest_gitops.review.model import FileChange, Review
from pytest_gitops.review.reports.budget import Budget
from pytest_gitops.review.reports.forge import Forge, Links
from pytest_gitops.review.reports.grouping import (
    SharedChange,
    SharedFinding,
    SharedImage,
    SharedPart,
    alike,
    alike_findings,
    overview,
    shared_changes,
    shared_images,
    shared_parts,
)
from pytest_gitops.review.reports.markdown_text import code, fenced, html_code, prose
from pytest_gitops.review.reports.summary import by_danger, summary
from pytest_gitops.review.reports.wording import (
    STATUSES,
    count,
    dangers,
    happening,
    listed,
    owner,
    part_news,
    revision,
    tag,
)

MARKER = "<!-- pytest-gitops review -->"

_SIGNS = {Severity.ERROR: "⛔", Severity.WARNING: "⚠️", Severity.INFO: "🔹"}
_UNKNOWN = Forge()
_LINES = 150
_ROWS = 50
_NAMED = 4
_ALSO = 20


def to_markdown(review: Review, forge: Forge = _UNKNOWN) -> str:
    """Return the review as Markdown of at most ``forge.limit`` characters, with links where the forge shows files.

    Its first line is ``MARKER``, by which a bot finds the comment again to replace it. What is left out is said at the
    end. The limit is at least some thousands.
    """
    budget, links = Budget(forge.limit), Links(review, forge)
    budget.open(_opening(review))
    budget.table(_CLUSTERS, list(_cluster_rows(review)), _ROWS, "clusters")
    everywhere = len(review.clusters)
    findings = [_finding(group, everywhere, links) for group in alike_findings(review)]
    budget.section("### Dangers", findings, 0.4, "findings")
    known, unknown = shared_parts(review)
    budget.table(_PARTS, _part_rows(known, everywhere), _ROWS, "parts", 0.2, title="Kustomizations and releases")
    images = shared_images(review)
    budget.table(_IMAGES, [_image_row(image, everywhere) for image in images], _ROWS, "images", 0.3, title="Images")
    budget.table(
        _FILES, [_file_row(file) for file in _by_touch(review)], _ROWS, "files", 0.2, title=_FILES_TITLE, open_to=0
    )
    budget.table(_PARTS, _part_rows(unknown, everywhere), _ROWS, "parts", 0.2, title=_UNKNOWN_TITLE, open_to=0)
    groups = alike(shared_changes(review))
    budget.folded("### Changes", [(_line(group, everywhere), _details(group, everywhere, links)) for group in groups])
    budget.section("### Notes", [f"- {prose(note)}" for note in review.notes], 0.5, "notes")
    return budget.text()


_CLUSTERS = "| cluster | added | changed | removed | moved | images | dangers |\n|---|--:|--:|--:|--:|--:|---|"
_PARTS = "| part | | clusters |\n|---|---|---|"
_IMAGES = "| image | before | after | workloads | clusters |\n|---|---|---|---|---|"
_FILES = "| file | | touches |\n|---|---|---|"
_UNKNOWN_TITLE = "Not compared, since not rendered"
_FILES_TITLE = "What the changed files touch"


def _opening(review: Review) -> str:
    (base, base_commit), (head, head_commit) = revision(review.base), revision(review.head)
    sides = f"{code(base)} ({prose(base_commit)}) → {code(head)} ({prose(head_commit)})"
    return f"{MARKER}\n## GitOps review: {overview(review)}\n\n{sides}"


def _cluster_rows(review: Review) -> Iterator[str]:
    for cluster in by_danger(review):
        n = summary(cluster)
        name = code(cluster.name) + (f" ({cluster.action.value})" if cluster.action else "")
        worst = next((_SIGNS[s] for s in Severity if getattr(n, s.value)), "")
        told = f"{worst} {dangers(n)}".strip()
        yield f"| {name} | {n.added} | {n.changed} | {n.removed} | {n.moved} | {n.images} | {told} |"


def _finding(group: Sequence[SharedFinding], everywhere: int, links: Links) -> str:
    found, finding = group[0], group[0].finding
    about = [_at(finding.location, links)] if finding.location else []
    about += [code(finding.resource)] if finding.resource else []
    about += [f"in {_names(found.clusters, everywhere)}"] if everywhere > 1 else []
    lines = [
        f"- {_SIGNS[finding.severity]} {prose(finding.message)} ({code(finding.rule)})",
        f"  {' · '.join(about)}",
    ]
    if others := [shared.finding.resource or "" for shared in group[1:]]:
        shown = ", ".join(code(name) for name in others[:_ALSO])
        more = f" and {len(others) - _ALSO:,} more" if len(others) > _ALSO else ""
        lines.append(f"  The same of {count(len(others), 'more object')}: {shown}{more}")
    return "  \n".join([*lines, f"  → {prose(finding.remedy)}"] if finding.remedy else lines)


def _part_rows(parts: Sequence[SharedPart], everywhere: int) -> list[str]:
    rows = []
    for shared in parts:
        news = "; ".join(prose(said) for said in part_news(shared.part))
        rows.append(f"| {code(str(shared.part.id))} | {news} | {_names(shared.clusters, everywhere)} |")
    return rows


def _image_row(shared: SharedImage, everywhere: int) -> str:
    image = shared.image
    workloads = ", ".join(code(name) for name in image.workloads[:5])
    more = f" and {len(image.workloads) - 5} more" if len(image.workloads) > 5 else ""  # noqa: PLR2004
    sides = f"{code(tag(image.before))} | {code(tag(image.after))}"
    return f"| {code(image.name)} | {sides} | {workloads}{more} | {_names(shared.clusters, everywhere)} |"


def _by_touch(review: Review) -> list[FileChange]:
    """Return the changed files, those that touch most parts first."""
    return sorted(review.files, key=lambda file: (-sum(len(parts) for _cluster, parts in file.touches), file.file))


def _file_row(file: FileChange) -> str:
    names = sorted({part for _cluster, parts in file.touches for part in parts})
    number = sum(len(parts) for _cluster, parts in file.touches)
    told = "nothing that a cluster builds"
    if number:
        shown = ", ".join(code(name) for name in names[:3]) + (", …" if len(names) > 3 else "")  # noqa: PLR2004
        told = f"{count(number, 'part')} in {count(len(file.touches), 'cluster')}: {shown}"
    return f"| {code(file.file)} | {STATUSES.get(file.status[:1], prose(file.status))} | {told} |"


def _line(group: Sequence[SharedChange], everywhere: int) -> str:
    """Return what a change is about, in one line."""
    return f"- {_title(group, everywhere)}"


def _details(group: Sequence[SharedChange], everywhere: int, links: Links) -> str:
    """Return the change with its diff, folded; its line where there is nothing more to show."""
    first = group[0]
    blocks = [_found(finding) for finding in first.findings]
    others = list(dict.fromkeys(str(one.change.id) for one in group if one.change.id != first.change.id))
    if others:
        blocks.append(f"The same change in {prose(listed(others, shown=_ROWS))}; shown for the first.")
    elif len(group) > 1:
        blocks.append(f"Clusters have values of their own; shown as it is in {_names(first.clusters, everywhere)}.")
    if first.locations:
        blocks.append(", ".join(_at(place, links) for place in first.locations[:3]))
    if first.change.diff:
        blocks.append(_diff(first.change.diff))
    if not blocks:
        return _line(group, everywhere)
    inner = "\n\n".join(blocks)
    return f"<details><summary>{_title(group, everywhere)}</summary>\n\n{inner}\n\n</details>"


def _title(group: Sequence[SharedChange], everywhere: int) -> str:
    first = group[0]
    sign = f"{_SIGNS[first.danger]} " if first.danger else ""
    others = {one.change.id for one in group} - {first.change.id}
    more = f" and {len(others):,} more alike" if others else ""
    names = sorted({name for one in group for name in one.clusters})
    where = html_code(owner(first.change)) if owner(first.change) else ""
    clusters = _names(names, everywhere, html_code) if everywhere > 1 else ""
    about = " in ".join(text for text in (where, clusters) if text)
    return f"{sign}<b>{happening(first.change)}</b> {html_code(str(first.change.id))}{more} · {about}"


def _found(finding: Finding) -> str:
    remedy = f" → {prose(finding.remedy)}" if finding.remedy else ""
    return f"> {_SIGNS[finding.severity]} {prose(finding.message)}{remedy}"


def _diff(diff: str) -> str:
    lines = diff.split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    shown = fenced(lines[:_LINES], "diff")
    left = len(lines) - _LINES
    return f"{shown}\n\n… and {count(left, 'more line')} of this diff" if left > 0 else shown


def _names(names: Sequence[str], everywhere: int, written: Callable[[str], str] = code) -> str:
    if len(names) == everywhere > _NAMED:
        return f"all {everywhere} clusters"
    shown = ", ".join(written(name) for name in names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def _at(location: Location, links: Links) -> str:
    url = links.url(location)
    return f"[{code(str(location))}]({url})" if url else code(str(location))
