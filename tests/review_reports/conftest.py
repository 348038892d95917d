"""A real browser for what only a browser can tell."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_gitops.review.model import Review
from pytest_gitops.review.reports import to_html

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """Return the browser of GITOPS_CHROMIUM, or the first on PATH."""
    return os.environ.get("GITOPS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Chromium without a window."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = chromium()
    if program is None:
        pytest.skip(f"no Chromium: install the system's package, or set GITOPS_CHROMIUM; looked for {', '.join(NAMES)}")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program)
        yield started
        started.close()


class Opened:
    """A review's page in the browser, with all that it asked for and complained of."""

    def __init__(self, browser: Any, file: Path, **given: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1300, "height": 850}, **given})
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.on("popup", lambda page: self.complaints.append(page.url))
        self.page.goto(file.as_uri())

    def ids(self) -> list[str]:
        """Return the identities of the changes that exist as elements, in their order."""
        return [text.strip() for text in self.page.locator(".card .id").all_inner_texts()]

    def status(self) -> str:
        """Return what the page says is shown."""
        return str(self.page.locator("#status").inner_text())

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def search(self, words: str) -> None:
        """Type into the search, and wait until it has been done."""
        self.press("/")
        self.page.keyboard.type(words)
        self.page.wait_for_function(
            "words => new URLSearchParams(location.hash.slice(1)).get('q') === words", arg=words
        )

    @property
    def current(self) -> str:
        """The change that is chosen by keys."""
        return str(self.page.locator(".card.current .id").inner_text())


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open reviews as files, as somebody does who got the page as an artifact."""
    contexts = []

    def open_page(review: Review, **given: Any) -> Opened:
        file = tmp_path / f"review-{len(contexts)}.html"
        file.write_text(to_html(review), encoding="utf-8")
        page = Opened(browser, file, **given)
        contexts.append(page.context)
        return page

    yield open_page
    for context in contexts:
        context.close()
