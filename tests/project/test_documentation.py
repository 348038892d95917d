"""The documentation is true: what it shows was run, what it lists is there, where it points is something."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?://)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def script(name: str) -> ModuleType:
    """Import one of the programs in ``docs``."""
    spec = importlib.util.spec_from_file_location(name, PROJECT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named(paths: list[Path]) -> list[object]:
    """Return paths as parameters that are named by their place in the project."""
    return [pytest.param(path, id=path.relative_to(PROJECT).as_posix()) for path in paths]


@pytest.mark.parametrize("document", named(script("run_examples").documents()))
def test_shown_output_is_what_is_printed(document: Path) -> None:
    assert script("run_examples").renewed(document) == document.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", script("generate_reference").PAGES)
def test_reference_is_what_the_code_says(page: str) -> None:
    written = (PROJECT / "docs" / "reference" / f"{page}.md").read_text(encoding="utf-8")
    assert written == script("generate_reference").PAGES[page]()


@pytest.mark.parametrize("document", named(DOCUMENTS))
def test_links_lead_somewhere(document: Path) -> None:
    broken = []
    for match in LINK.finditer(document.read_text(encoding="utf-8")):
        target = (document.parent / match["path"]).resolve() if match["path"] else document
        if not target.exists() or (match["anchor"] and match["anchor"] not in anchors(target)):
            broken.append(match[0])
    assert broken == []


def anchors(document: Path) -> set[str]:
    """Return the anchors that forges make of a document's headings."""
    headings = HEADING.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_ci_runs_the_test_command_of_the_readme() -> None:
    blocks = re.findall(r"```\n(python3 -m venv .*)\n```", (PROJECT / "README.md").read_text(encoding="utf-8"))
    assert blocks[-1] in (PROJECT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
