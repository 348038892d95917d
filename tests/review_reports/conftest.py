"""A real browser for what only a browser can tell."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opened_page import Opened

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
