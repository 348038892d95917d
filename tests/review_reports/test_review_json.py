"""A review's JSON keeps its published schema, and holds all of the review."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from review_samples import EMPTY, expected, fleet_review, hostile_review, large_review, skipped_review

import pytest_gitops.review.reports
from pytest_gitops.review.model import Review
from pytest_gitops.review.reports import ReviewFormatError, from_json, to_json

SCHEMA = Path(pytest_gitops.review.reports.__file__).with_name("review.schema.json")
REVIEWS = [EMPTY, fleet_review(), skipped_review(), hostile_review(), large_review(40)]
NAMES = ["empty", "fleet", "skipped", "hostile", "large"]


@pytest.fixture(scope="module")
def schema() -> Any:
    """Return the published schema."""
    found = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


@pytest.mark.parametrize("review", REVIEWS, ids=NAMES)
def test_every_review_keeps_the_schema(review: Review, schema: Any) -> None:
    jsonschema.validate(json.loads(to_json(review)), schema)


@pytest.mark.parametrize("review", REVIEWS, ids=NAMES)
def test_json_leads_back_to_the_review(review: Review) -> None:
    assert from_json(to_json(review)) == review


def test_the_schema_names_every_field(schema: Any) -> None:
    nodes, closed = [schema], 0
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            if "properties" in node and "required" in node:
                assert sorted(node["required"]) == sorted(node["properties"])
                assert node["additionalProperties"] is False
                closed += 1
            nodes.extend(node.values())
        elif isinstance(node, list):
            nodes.extend(node)
    assert closed == 13


def test_the_whole_document() -> None:
    assert to_json(fleet_review()) == expected("fleet.json", to_json(fleet_review()))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"version": 2}', "the review has version 2, this reads version 1"),
        ("[]", "this is no review of version 1: "),
        ('{"version": 1}', "this is no review of version 1: KeyError('base')"),
        ("{", "this is no review of version 1: "),
    ],
)
def test_what_is_no_review_is_refused(text: str, told: str) -> None:
    with pytest.raises(ReviewFormatError) as refused:
        from_json(text)
    assert str(refused.value).startswith(told)


def test_the_reference_names_every_field(schema: Any) -> None:
    reference = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "review-json.md").read_text(
        encoding="utf-8"
    )
    nodes, names = [schema], set()
    while nodes:
        node = nodes.pop()
        names |= set(node.get("properties", ()))
        nodes.extend(value for value in node.values() if isinstance(value, dict))
    assert len(names) > 50
    assert sorted(name for name in names if f"`{name}`" not in reference) == []
