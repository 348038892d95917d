"""Each single change to a small fleet, with the whole review that it leads to.

After a change of what is told, ``GITOPS_WRITE_EXPECTED=1 pytest tests/review`` writes the expected reviews anew, to be
read before they are committed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from reviewed_fleet import Files, reviewed_fleet
from single_changes import CHANGES, NOTHING, Edit

from pytest_gitops import load
from pytest_gitops.checks import built_in
from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.running import run
from pytest_gitops.checks.selection import Selection
from pytest_gitops.model import Fleet
from pytest_gitops.redaction import Redactor
from pytest_gitops.rendering.standby import Standby
from pytest_gitops.review.comparing import compare
from pytest_gitops.review.judging import ReviewJudge
from pytest_gitops.review.model import Review, Revision
from pytest_gitops.review.reports.json_format import to_json
from pytest_gitops.review.telling import tell
from pytest_gitops.review.touching import touched
from pytest_gitops.review.updating import with_refusals
from pytest_gitops.validation import SchemaJudge

EXPECTED = Path(__file__).parent / "expected"
RULES = [rule for rule in built_in() if rule.check == "review"]
BASE, HEAD = Revision("main", "0" * 40), Revision("HEAD", "1" * 40)


class Reviewer:
    """Reviews changes to one fleet, with one engine for all."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._standby = Standby()
        self._base = self._load("base", reviewed_fleet())

    def review(self, edit: Edit) -> Review:
        """Return the review of an edit."""
        files = reviewed_fleet()
        edit(files)
        base, head = FleetIndex(self._base), FleetIndex(self._load("head", files))
        comparison = with_refusals(compare(base, head), SchemaJudge(standby=self._standby))
        results = run(comparison.head, RULES, Selection(), ReviewJudge(comparison))
        return tell(
            comparison,
            BASE,
            HEAD,
            findings=[finding for finding in results.findings if finding.rule.startswith("review-")],
            files=touched(_differing(reviewed_fleet(), files), comparison),
            redactor=Redactor(b"a key of the tests' own"),
        )

    def close(self) -> None:
        """End the engine."""
        self._standby.close()

    def _load(self, name: str, files: Files) -> Fleet:
        root = self._root / name
        for path in sorted(root.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        for file, text in files.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(text, encoding="utf-8")
        return load(root, standby=self._standby)


def _differing(before: Files, after: Files) -> list[tuple[str, str]]:
    names = sorted(before.keys() | after.keys())
    status = {name: "A" if name not in before else "D" if name not in after else "M" for name in names}
    return [(status[name], name) for name in names if before.get(name) != after.get(name)]


@pytest.fixture(scope="module")
def reviewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewer]:
    """Give the base that all changes are made to."""
    made = Reviewer(tmp_path_factory.mktemp("reviewed"))
    yield made
    made.close()


@pytest.mark.parametrize("name", NOTHING)
def test_what_changes_nothing_in_the_clusters_is_an_empty_review(name: str, reviewer: Reviewer) -> None:
    assert reviewer.review(NOTHING[name]).clusters == ()


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_has_this_review(name: str, reviewer: Reviewer) -> None:
    told = to_json(reviewer.review(CHANGES[name]))
    expected = EXPECTED / f"{name}.json"
    if os.environ.get("GITOPS_WRITE_EXPECTED"):
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")


def test_every_rule_of_the_review_is_shown_by_a_change() -> None:
    told = {rule.id for rule in RULES if any(f'"{rule.id}"' in file.read_text("utf-8") for file in EXPECTED.glob("*"))}
    assert told == {rule.id for rule in RULES}


def test_no_expected_review_is_left_behind() -> None:
    assert {file.stem for file in EXPECTED.glob("*.json")} == CHANGES.keys()
