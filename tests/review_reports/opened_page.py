"""A review's page in a browser, as tests use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any


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
