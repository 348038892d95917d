"""Patterns that a repository gives are matched as they are meant, and none takes long."""

from __future__ import annotations

import pytest

from pytest_gitops.patterns import fits

HOSTILE = ["(a+)+", "(a*)*b", "(a|a)+", "a?" * 40 + "a" * 40, "(a|a)" * 40 + "b", ".*" * 20 + "b", "(?=a)a", r"(a)\1"]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("web", "web", True),
        ("web", "web-1", False),
        ("web.*", "web-1", True),
        ("web|api|shop", "api", True),
        ("(web|api)-.*", "api-1", True),
        ("^web$", "web", True),
        ("[a-z]+-[0-9]{1,3}", "web-12", True),
        (r"web\.example\.com", "web.example.com", True),
        ("(?:web)?", "", True),
    ],
)
def test_whole_texts(pattern: str, text: str, expected: bool) -> None:
    assert fits(pattern, text, otherwise=not expected) is expected


@pytest.mark.parametrize(("pattern", "expected"), [("^(data|stringData)$", True), ("^spec", False), ("ring", True)])
def test_parts_of_texts(pattern: str, expected: bool) -> None:
    assert fits(pattern, "stringData", anywhere=True, otherwise=not expected) is expected


@pytest.mark.parametrize("otherwise", [True, False])
@pytest.mark.parametrize("pattern", [*HOSTILE, "(", "a" * 5_000])
def test_what_may_take_long_is_not_tried(pattern: str, otherwise: bool) -> None:
    assert fits(pattern, "a" * 60, otherwise=otherwise) is otherwise
