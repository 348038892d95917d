"""Label selectors as the API server reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_gitops.objects import listed, mapping, scalar


def selects(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Return whether a LabelSelector selects these labels; an empty one selects all, None selects nothing."""
    if not isinstance(selector, dict):
        return False
    equal = all(labels.get(key) == value for key, value in mapping(selector, "matchLabels").items())
    return equal and all(_holds(expression, labels) for expression in listed(selector, "matchExpressions"))


def _holds(expression: Any, labels: Mapping[str, Any]) -> bool:
    key, values = scalar(expression, "key"), listed(expression, "values")
    match scalar(expression, "operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False
