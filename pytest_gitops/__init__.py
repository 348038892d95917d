"""Know what a GitOps repository will do to every cluster it feeds, before the merge."""

from pytest_gitops.exceptions import ConfigurationError, EngineError, GitopsError, RepositoryError
from pytest_gitops.loading import load

__all__ = ["ConfigurationError", "EngineError", "GitopsError", "RepositoryError", "load"]
__version__ = "0.1.0"
