"""How a difference is told: by object, without the rest."""

from __future__ import annotations

from pytest_gitops.snapshots.difference import difference


def document(name: str, *lines: str) -> str:
    head = f"---\napiVersion: v1\nkind: A\nmetadata:\n  name: {name}\n  namespace: n\n"
    return head + "".join(f"{line}\n" for line in lines)


def told(before: str, after: str) -> list[str]:
    return [kind + line for kind, line in difference(before, after)]


def test_documents_are_told_by_object() -> None:
    before = "# head\n" + document("a", "x: 1", "y: 1", "z: 1") + document("gone", "x: 1") + document("same", "x: 1")
    after = (
        "# head\n" + document("a", "x: 1", "y: 2", "z: 1", "z2: 1") + document("new", "x: 2") + document("same", "x: 1")
    )
    assert told(before, after) == [
        *("@A/n/a", "   namespace: n", " x: 1", "-y: 1", "+y: 2", " z: 1", "+z2: 1"),
        *(
            "@A/n/gone (is gone)",
            "-apiVersion: v1",
            "-kind: A",
            "-metadata:",
            "-  name: gone",
            "-  namespace: n",
            "-x: 1",
        ),
        *("@A/n/new (is new)", "+apiVersion: v1", "+kind: A", "+metadata:", "+  name: new", "+  namespace: n", "+x: 2"),
    ]


def test_two_documents_of_one_name() -> None:
    before = document("a", "x: 1") + document("a", "x: 2")
    after = document("a", "x: 1") + document("a", "x: 3")
    assert told(before, after) == ["@A/n/a #2", "   name: a", "   namespace: n", "-x: 2", "+x: 3"]


def test_a_table_is_told_by_entry() -> None:
    before = "# head\n---\nvariants:\n- a\n---\nA/n/a:\n  x:\n    a: 1\n    b: 2\nA/n/b:\n  x:\n    a: 1\n    b: 2\n"
    after = before.removesuffix("b: 2\n") + "b: 3\n"
    assert told(before, after) == ["@A/n/b", "   x:", "     a: 1", "-    b: 2", "+    b: 3"]


def test_two_texts_that_are_alike() -> None:
    assert told(document("a"), document("a")) == []


def test_a_long_difference_is_cut_off() -> None:
    lines = told("", document("a", *(f"x{number}: 1" for number in range(300))))
    assert len(lines) == 201
    assert lines[-1] == "@… and 106 more lines"
