"""What the terminal says of a review."""

from __future__ import annotations

import pytest
from review_samples import (
    BASE,
    EMPTY,
    HEAD,
    base_review,
    changed,
    deployment,
    expected,
    fleet_review,
    hostile_review,
    part,
    skipped_review,
)

from pytest_gitops.review.model import Action, ClusterReview, FieldChange, Review
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


@pytest.mark.parametrize(("name", "review"), [("empty", EMPTY), ("base", base_review()), ("skipped", skipped_review())])
def test_where_there_is_little_to_say(name: str, review: Review) -> None:
    made = told(review, 1)
    assert made == expected(f"{name}.txt", made)


def test_nothing_of_the_repository_reaches_the_terminal_as_a_command() -> None:
    for text, _markup in lines(hostile_review(), 2):
        assert text.isprintable(), text


def test_what_clusters_share_is_told_once_though_they_have_other_values_around_it() -> None:
    fields = (FieldChange(("spec", "replicas"), "1", "2"),)
    shared = (
        ClusterReview(
            name,
            None,
            objects=(changed(deployment("web", tag), deployment("web", tag, replicas=2), fields=fields),),
        )
        for name, tag in (("eu", "1.0"), ("us", "2.0"))
    )
    assert told(Review(BASE, HEAD, tuple(shared)), 1).splitlines()[4:] == [
        "~ Deployment/web/web: changed in flux-system/apps (eu, us)  <yellow>"
    ]


def test_what_cannot_be_rendered_any_more_loses_no_chart() -> None:
    failed = part("web", action=Action.CHANGED, outcome_after="failed", chart_before="web 1.0", reason="no such value")
    hidden = part("more", outcome_after=None, known=False, chart_before="more 1.0")
    gone = part("less", action=Action.REMOVED, outcome_after=None, chart_before="less 1.0")
    review = Review(BASE, HEAD, (ClusterReview("eu", None, parts=(failed, hidden, gone)),))
    assert told(review, 2).splitlines()[2:] == [
        "eu: 1 part fails to render",
        "Kustomization/flux-system/less: removed; chart less 1.0 → none",
        "Kustomization/flux-system/web: changed; fails to render: no such value",
        "Kustomization/flux-system/more: what declares it isn't rendered any more, so whether it stays is not known",
    ]


def test_what_clusters_have_in_their_own_words_is_told_once_without_diffs() -> None:
    gone = (
        ClusterReview(name, None, objects=(changed(deployment("web", tag), None),))
        for name, tag in (("eu", "1.0"), ("us", "2.0"))
    )
    review = Review(BASE, HEAD, tuple(gone))
    assert told(review, 1).splitlines()[4:] == [
        "- Deployment/web/web: removed, pruned in flux-system/apps (eu, us)  <red>"
    ]
    removed = [line for line in told(review, 2).splitlines() if "removed, pruned" in line]
    assert [line.partition("(")[2] for line in removed] == ["eu)  <red>", "us)  <red>"]
