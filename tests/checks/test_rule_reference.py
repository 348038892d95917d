"""The reference of the rules says what the rules say."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_reference_is_up_to_date() -> None:
    pages = runpy.run_path(str(DOCS / "generate_rules.py"))["pages"]()
    written = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "reference" / "rules").glob("*.md")}
    assert written == pages
