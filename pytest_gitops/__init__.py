"""Know what a GitOps repository will do to every cluster it feeds, before the merge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_gitops.exceptions import ConfigurationError, EngineError, GitopsError, RepositoryError

if TYPE_CHECKING:
    from pytest_gitops.loading import load

__all__ = ["ConfigurationError", "EngineError", "GitopsError", "RepositoryError", "load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import ``load`` when it is first asked for: every pytest run imports this package, few load a fleet."""
    if name != "load":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pytest_gitops.loading import load  # noqa: PLC0415

    return load
