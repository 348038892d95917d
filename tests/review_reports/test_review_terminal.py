"""What the terminal says of a review."""

from __future__ import annotations

import pytest
from review_samples import EMPTY, expected, fleet_review, hostile_review, skipped_review

from pytest_gitops.review.model import Review
from pytest_gitops.review.reports.terminal import lines, write_review


class Terminal:
    """Takes what a terminal reporter is told."""

    def __init__(self, verbosity: int) -> None:
        self.verbosity = verbosity
        self.told: list[str] = []

    def section(self, title: str) -> None:
        self.told.append(f"=== {title} ===")

    def line(self, text: str, **markup: bool) -> None:
        self.told.append(text + (f"  <{' '.join(markup)}>" if markup else ""))


def told(review: Review, verbosity: int) -> str:
    """Return what a terminal is told, with its markup."""
    terminal = Terminal(verbosity)
    write_review(terminal, review)
    return "\n".join(terminal.told) + "\n"


@pytest.mark.parametrize("verbosity", [-1, 0, 1, 2])
def test_the_whole_section(verbosity: int) -> None:
    made = told(fleet_review(), verbosity)
    assert made == expected(f"fleet-{verbosity}.txt", made)


@pytest.mark.parametrize(("name", "review"), [("empty", EMPTY), ("skipped", skipped_review())])
def test_where_there_is_little_to_say(name: str, review: Review) -> None:
    made = told(review, 1)
    assert made == expected(f"{name}.txt", made)


def test_nothing_of_the_repository_reaches_the_terminal_as_a_command() -> None:
    for text, _markup in lines(hostile_review(), 2):
        assert text.isprintable(), text
