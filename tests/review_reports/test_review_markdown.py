"""A review as Markdown: all of it in its place, never too long, and nothing of the repository is more than text.

What the text means is asked of markdown-it, which reads CommonMark with GitHub's tables and links.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from review_samples import (
    EMPTY,
    HOSTILE,
    base_review,
    changed,
    deployment,
    expected,
    fleet_review,
    hostile_review,
    large_review,
    skipped_review,
)

from pytest_gitops.review.model import Action, ClusterReview, FieldChange, Review
from pytest_gitops.review.reports import GITHUB_LIMIT, GITLAB_LIMIT, MARKER, Forge, forge_here, to_markdown
from pytest_gitops.review.reports.markdown_text import code, fenced, prose

PARSER = MarkdownIt("gfm-like")
# What GitHub or GitLab make a mention, a reference, a link or a picture of, wherever it is no code.
ACTS = re.compile(r"@\w|[#!%&~$^]\w|\bGH-\d|://|www\.|:[a-z]\w*:|\[\w", re.IGNORECASE)
OWN_TAGS = {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "br", "strong", "code", "pre"}
OWN_TAGS |= {"details", "summary", "b", "blockquote"}


class Seen(HTMLParser):
    """Collects the tags of a page, and its text that is no code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text: list[str] = []
        self.comments: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not attrs or tag in ("th", "td", "code"), (tag, attrs)
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def seen(text: str) -> Seen:
    """Return what a forge would show."""
    found = Seen()
    found.feed(PARSER.render(text))
    found.close()
    return found


@pytest.mark.parametrize(
    ("name", "review"),
    [
        ("empty", EMPTY),
        ("fleet", fleet_review()),
        ("base", base_review()),
        ("skipped", skipped_review()),
        ("hostile", hostile_review()),
    ],
)
def test_the_whole_comment(name: str, review: Review) -> None:
    made = to_markdown(review)
    assert made == expected(f"{name}.md", made)


def test_a_bot_finds_the_comment_again() -> None:
    assert {to_markdown(review).split("\n")[0] for review in (EMPTY, fleet_review(), hostile_review())} == {MARKER}


def test_nothing_of_the_repository_is_markup() -> None:
    found = seen(to_markdown(hostile_review()))
    assert found.tags <= OWN_TAGS
    assert found.comments == [" pytest-gitops review "]
    assert [text for text in found.text if ACTS.search(text)] == []


def test_no_line_is_a_command_for_a_bot() -> None:
    assert [line for line in to_markdown(hostile_review()).split("\n") if line.startswith("/")] == []


@pytest.mark.parametrize(
    "text", [HOSTILE, "`", "a ``b` c", "* x\n# y", "\\`<b>\\`", "1. a", "+ a", "- [ ] b", "_x_ ~~y~~"]
)
def test_text_stays_text(text: str) -> None:
    for shown in (prose(text), code(text)):
        found = seen(f"- {shown}\n\n| a |\n|---|\n| {shown} |\n")
        assert found.tags <= {"ul", "li", "p", "code", "table", "thead", "tbody", "tr", "th", "td"}
        assert [piece for piece in found.text if ACTS.search(piece)] == []


@pytest.mark.parametrize("lines", [["+```", " ````", "~~~"], ["-`"], ["@@ -1 +1 @@", "/close", ""]])
def test_a_fence_holds_whatever_is_in_it(lines: list[str]) -> None:
    tokens = PARSER.parse(f"{fenced(lines, 'diff')}\n\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert [line.strip() for line in tokens[0].content.splitlines()] == [line.strip() for line in lines]


@pytest.mark.parametrize("limit", [4000, 20_000, GITHUB_LIMIT, GITLAB_LIMIT])
@pytest.mark.parametrize("objects", [10, 1000])
def test_the_comment_is_never_too_long(limit: int, objects: int) -> None:
    text = to_markdown(large_review(objects), Forge(limit))
    assert len(text) <= limit
    found = seen(text)
    assert found.tags <= OWN_TAGS
    assert text.count("<details>") == text.count("</details>")
    assert all(token.type != "fence" or token.content.endswith("\n") for token in PARSER.parse(text))


def test_what_is_left_out_is_said() -> None:
    closing = to_markdown(large_review(1000)).rstrip("\n").rpartition("\n")[2]
    assert re.fullmatch(
        r"> Left out, to stay below 65,536 characters: [\d,]+ findings, [\d,]+ images, [\d,]+ files, [\d,]+ changes, "
        r"[\d,]+ diffs\. The HTML and JSON reports of the review hold all\.",
        closing,
    )
    assert "Left out" not in to_markdown(fleet_review())


def test_all_changes_are_named_before_any_is_shown_in_full() -> None:
    text = to_markdown(large_review(200), Forge(60_000))
    assert len(re.findall(r"service-\d{4}</code> · ", text)) == 200
    assert re.search(r"Left out, to stay below 60,000 characters: .*\d+ diffs", text)


def test_what_many_clusters_share_is_told_once() -> None:
    review = fleet_review()
    staging = review.clusters[-1]
    many = tuple(replace(staging, name=f"edge-{number:03}") for number in range(120))
    text = to_markdown(replace(review, clusters=many))
    assert text.count("Deployment/web/cache</code>") == 1
    assert "<code>flux-system/apps</code> in all 120 clusters" in text
    assert "70 clusters" in text.rpartition("Left out")[2]


def test_what_clusters_remove_with_values_of_their_own_is_told_once() -> None:
    clusters = []
    for name in ("east", "west"):
        gone = changed(deployment("web", name), None)
        clusters.append(ClusterReview(name, None, objects=(gone,)))
    text = to_markdown(replace(EMPTY, clusters=tuple(clusters)))
    title = "<b>removed, pruned</b> <code>Deployment/web/web</code> · <code>flux-system/apps</code> in "
    assert f"<summary>{title}<code>east</code>, <code>west</code></summary>" in text
    assert text.count("<b>removed, pruned</b>") == 1
    assert "Clusters have values of their own; shown as it is in `east`." in text


def test_fields_that_get_the_same_values_are_shown_once() -> None:
    fields = (FieldChange(("spec", "replicas"), "2", "3"),)
    three = tuple(
        changed(deployment(name, "1"), deployment(name, "1", replicas=3), fields=fields) for name in ("a", "b", "c")
    )
    text = to_markdown(replace(EMPTY, clusters=(ClusterReview("east", None, objects=three),)))
    assert "<b>changed</b> <code>Deployment/web/a</code> and 2 more alike" in text
    assert "The same change in Deployment/web/b, Deployment/web/c; shown for the first." in text
    assert text.count("```diff") == 1


def test_the_worst_comes_first() -> None:
    review = large_review(60)
    titles = [
        line for line in to_markdown(review).split("\n") if line.startswith("<details><summary>") and " · " in line
    ]
    signs = [next((sign for sign in "⛔⚠🔹" if sign in title), "") for title in titles]
    assert signs == sorted(signs, key=["⛔", "⚠", "🔹", ""].index)
    assert len(set(signs)) == 4


def test_a_cluster_that_comes_or_goes_is_told() -> None:
    review = replace(EMPTY, clusters=(ClusterReview("lab", Action.REMOVED),))
    assert "| `lab` (removed) | 0 | 0 | 0 | 0 | 0 |  |" in to_markdown(review)


GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "example/fleet"}
GITLAB = {"GITLAB_CI": "true", "CI_PROJECT_URL": "https://gitlab.com/example/fleet"}


@pytest.mark.parametrize(
    ("environ", "files"),
    [(GITHUB, "https://github.com/example/fleet/blob"), (GITLAB, "https://gitlab.com/example/fleet/-/blob")],
)
def test_places_lead_to_the_forge(environ: dict[str, str], files: str) -> None:
    review = replace(fleet_review(), head=replace(fleet_review().head, dirty=False))
    text = to_markdown(review, forge_here("fleet a/", environ))
    base, head = review.base.commit, review.head.commit
    assert f"[`apps/web/base/claim.yaml:1`]({files}/{base}/fleet%20a/apps/web/base/claim.yaml#L1)" in text
    assert f"[`apps/web/base/deployment.yaml:19`]({files}/{head}/fleet%20a/apps/web/base/deployment.yaml#L19)" in text
    assert "](" not in to_markdown(review, forge_here("", {}))


def test_what_is_not_committed_is_not_linked() -> None:
    text = to_markdown(fleet_review(), forge_here("", GITHUB))
    assert re.findall(r"\]\(\S+/blob/(\w+)/(\S+)\)", text) == [
        (fleet_review().base.commit, "apps/web/base/claim.yaml#L1")
    ]


def test_a_link_leads_to_nothing_but_the_forge() -> None:
    found = MarkdownIt("gfm-like").parse(
        to_markdown(hostile_review(), Forge(files="https://github.com/example/fleet/blob"))
    )
    inline = [child for token in found for child in token.children or ()]
    urls = {str(child.attrs["href"]) for child in inline if child.type == "link_open"}
    assert urls != set()
    assert {
        url for url in urls if not re.fullmatch(r"https://github\.com/example/fleet/blob/[\w.%/~-]+#L3", url)
    } == set()
    assert [
        child for child in inline if child.type in ("image", "html_inline") and "<summary>" not in child.content
    ] == []
