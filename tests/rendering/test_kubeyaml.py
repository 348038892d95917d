"""YAML is read as Kubernetes' tools read it, and hostile YAML is refused before it can do harm."""

from __future__ import annotations

import math

import pytest

from pytest_gitops.rendering.external.kubeyaml import UnreadableError, documents, item_lines


def value(text: str) -> object:
    ((_, content),) = documents(f"x: {text}")
    return content["x"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("Off", "Off"),
        ("y", "y"),
        ("~", None),
        ("", None),
        ("null", None),
        ("12", 12),
        ("-12", -12),
        ("0644", 420),
        ("0x1f", 31),
        ("0999", 999),
        ("12:30", "12:30"),
        ("1.5", 1.5),
        ("2e-07", 2e-07),
        ("1e3", 1000),
        (".5", 0.5),
        (".inf", math.inf),
        ("=", "="),
        ("1.0", 1),
        ("2001-01-01", "2001-01-01T00:00:00Z"),
        ("2001-01-01T10:00:00Z", "2001-01-01T10:00:00Z"),
        ("0o17", 15),
        ("-0x1F", -31),
        ("+12", 12),
        ("0b11", 3),
        ("v1.2.3", "v1.2.3"),
        ("'12'", "12"),
        ("1_000", 1000),
    ],
)
def test_scalars(text: str, expected: object) -> None:
    read = value(text)
    assert (type(read), read) == (type(expected), expected)


def test_documents_have_the_line_of_their_first_key() -> None:
    text = "# comment\n---\n\na: 1\n---\n# empty\n---\n- b\n...\n"
    assert list(documents(text)) == [(4, {"a": 1}), (8, ["b"])]


def test_an_anchor_may_be_defined_again() -> None:
    ((_, content),) = documents("a: &x 1\nb: *x\nc: &x 2\nd: *x\n")
    assert content == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_items_have_lines() -> None:
    assert item_lines("kind: List\nitems:\n  - a: 1\n    b: 2\n\n  - c: 3\n", "items") == [3, 6]


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: b: c", "mapping values are not allowed in this context", 1),
        ("a: 1\nb: 'x", "found unexpected end of stream", 2),
        ("a: *x", "found undefined alias", 1),
        ("a: !!python/object:os.system x", "could not determine a constructor for the tag", 1),
        (BOMB, "the document expands too far", 1),
        ("a: &a [*a]", "the document expands too far", 1),
        ("[" * 200_000, "nested deeper than 400 levels", None),
        ('{"a":' * 200_000, "nested deeper than 400 levels", None),
        ("- " * 200_000 + "x", "nested deeper than 400 levels", None),
        ("".join(f"{' ' * n}a:\n" for n in range(3000)), "nested deeper than 400 levels", None),
        ("a: \x00", "not YAML", None),
        ("a: " + "9" * 5000, "not YAML", None),
        ("? [a]\n: b", "found unhashable key", 1),
    ],
    ids=range(13),
)
def test_what_cannot_be_read_is_said(text: str, message: str, line: int | None) -> None:
    with pytest.raises(UnreadableError) as caught:
        list(documents(text))
    assert message in str(caught.value)
    assert caught.value.line == line
