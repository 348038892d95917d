"""Know what a GitOps repository will do to every cluster it feeds, before the merge."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_gitops.exceptions import ConfigurationError, EngineError, GitopsError, GitopsWarning, RepositoryError

if TYPE_CHECKING:
    from pytest_gitops.checks.rule import Rule, Violation, rule
    from pytest_gitops.loading import load
    from pytest_gitops.review.loading import load_review

__all__ = [
    "ConfigurationError",
    "EngineError",
    "GitopsError",
    "GitopsWarning",
    "RepositoryError",
    "Rule",
    "Violation",
    "load",
    "load_review",
    "rule",
]
__version__ = "0.1.0"


_HOMES = {
    "Rule": "pytest_gitops.checks.rule",
    "Violation": "pytest_gitops.checks.rule",
    "load": "pytest_gitops.loading",
    "load_review": "pytest_gitops.review.loading",
    "rule": "pytest_gitops.checks.rule",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: every pytest run imports this package, few load a fleet."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
