"""The HTML page as text: one file that needs no other, with only its own script and style allowed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from review_samples import EMPTY, HOSTILE, fleet_review, hostile_review, large_review, skipped_review

from pytest_gitops.review.model import Review
from pytest_gitops.review.reports import to_html
from pytest_gitops.review.reports.page import view
from pytest_gitops.review.reports.visible import visible

REVIEWS = pytest.mark.parametrize(
    "review", [EMPTY, fleet_review(), skipped_review(), hostile_review()], ids=["empty", "fleet", "skipped", "hostile"]
)


class Page(HTMLParser):
    """Collects a page's elements with their attributes, and the text of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = dict(attrs).get("id") or tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        self.texts[self._open] = self.texts.get(self._open, "") + data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a tag."""
        return [attributes for name, attributes in self.elements if name == tag]


@REVIEWS
def test_only_the_page_s_own_script_and_style_are_allowed(review: Review) -> None:
    page = Page(to_html(review))
    policy = next(meta["content"] or "" for meta in page.named("meta") if "http-equiv" in meta)
    hashes = {
        name: base64.b64encode(hashlib.sha256(page.texts[name].encode()).digest()).decode()
        for name in ("script", "style")
    }
    assert policy.split("; ") == [
        "default-src 'none'",
        f"script-src 'sha256-{hashes['script']}'",
        f"style-src 'sha256-{hashes['style']}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    ]


@REVIEWS
def test_the_page_has_the_same_elements_whatever_is_in_it(review: Review) -> None:
    page = Page(to_html(review))
    assert [(tag, sorted(attributes)) for tag, attributes in page.elements] == [
        (tag, sorted(attributes)) for tag, attributes in Page(to_html(EMPTY)).elements
    ]


def test_the_page_names_no_other_file() -> None:
    page = Page(to_html(EMPTY))
    links = [v for _tag, attributes in page.elements for k, v in attributes.items() if k in ("href", "src")]
    assert [link for link in links if not re.match(r"data:|#", link or "")] == []
    assert "url(" not in page.texts["style"]
    assert "@import" not in page.texts["style"]


@REVIEWS
def test_the_page_holds_the_review(review: Review) -> None:
    assert json.loads(Page(to_html(review)).texts["review"]) == view(review)


def test_what_is_embedded_is_ascii_without_markup() -> None:
    data = re.search(
        r'<script type="application/json" id="review">(.*?)</script>', to_html(hostile_review()), re.DOTALL
    )
    assert data is not None
    assert re.search(r"[^ -%'-;=?-~]", data[1]) is None
    assert json.loads(data[1])["notes"] == [visible(HOSTILE)]


def test_clusters_share_what_is_the_same() -> None:
    shown = view(fleet_review())
    assert [(one["name"], one["clusters"]) for one in shown["changes"]] == [
        ("data", [0, 1]),
        ("worker", [0]),
        ("proxy", [0, 1]),
        ("web", [0, 1, 2]),
        ("cache", [2]),
    ]
    assert [one["name"] for one in shown["clusters"]] == ["production-eu", "production-us", "staging"]
    assert [(one["rule"], one["clusters"]) for one in shown["findings"]] == [
        ("review-data-at-risk", [0, 1]),
        ("review-suspended", [0]),
    ]


def test_the_same_review_gives_the_same_page() -> None:
    assert to_html(large_review(40)) == to_html(large_review(40))
