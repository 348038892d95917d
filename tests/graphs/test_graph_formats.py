"""A fleet is drawn in each format as the expected files hold it; what a repository names can't leave its quotes."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from small_fleet import small_fleet

from pytest_gitops.graphs import FORMATS, UnknownSuffixError, drawing, graphs_of, tree

EXPECTED = Path(__file__).parent / "expected"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_a_fleet_is_drawn(suffix: str, tmp_path: Path) -> None:
    drawing(f"out/fleet{suffix.upper()}", tmp_path).write(small_fleet())
    expected = EXPECTED / f"fleet{'.dot' if suffix == '.gv' else suffix}"
    written = (tmp_path / f"out/fleet{suffix.upper()}").read_text(encoding="utf-8")
    assert written == expected.read_text(encoding="utf-8")


def test_a_fleet_is_shown_as_trees() -> None:
    shown = "\n".join(
        tree(cluster, everything=everything) for everything in (False, True) for cluster in small_fleet().clusters
    )
    assert f"{shown}\n" == (EXPECTED / "fleet.txt").read_text(encoding="utf-8")


def test_svg_holds_names_as_text_only() -> None:
    root = ET.fromstring(FORMATS[".svg"](graphs_of(small_fleet())))  # noqa: S314 (written above)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        *("svg", "style", "defs", "marker", "polygon", "g", "rect", "text", "path")
    }
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert texts[-1] == small_fleet().clusters[1].kustomizations[0].name.translate({10: "\ufffd", 27: "\ufffd"})


def test_an_empty_fleet_is_drawn() -> None:
    assert [FORMATS[suffix](()) for suffix in (".mmd", ".dot")] == [
        "flowchart LR\n",
        'digraph fleet {\n  rankdir=LR;\n  node [shape=box, fontname="sans-serif"];\n}\n',
    ]
    assert ET.fromstring(FORMATS[".svg"](())).get("width") == "30"  # noqa: S314 (written above)


def test_an_unknown_suffix_is_refused() -> None:
    with pytest.raises(UnknownSuffixError) as caught:
        drawing("fleet.png", Path())
    assert str(caught.value) == "'fleet.png' tells no format; its suffix is one of .mmd, .md, .dot, .gv, .svg"
