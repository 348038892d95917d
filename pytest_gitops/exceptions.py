"""The errors that pytest-gitops raises for its users: what is wrong, where, and what to do about it."""

from __future__ import annotations


class GitopsError(Exception):
    """Any problem that keeps a repository from being loaded at all. Whoever runs the tests should care."""


class GitopsWarning(UserWarning):
    """A finding that is unwise rather than wrong: what a rule of the severity ``warning`` says.

    Whoever wrote the file it points at should care. pytest's warning filters apply:
    ``-W error::pytest_gitops.GitopsWarning`` makes each of them a failure.
    """


class RepositoryError(GitopsError):
    """The repository can't be read: no directory, no permission, the wrong one. Whoever gave its path should care."""


class ConfigurationError(GitopsError):
    """The project's configuration is wrong: the message has file, line and the nearest valid spelling.

    Whoever wrote ``.pytest-gitops.yaml`` or ``[tool.pytest-gitops]`` should care.
    """


class EngineError(GitopsError):
    """Nothing can render: the engine is missing, unknown or broken. Whoever installed pytest-gitops should care."""


class LiveError(GitopsError):
    """A cluster to try the repository on can't be had: the message says what is missing and what to do.

    Whoever asked for it should care.
    """


class NotNamedError(LiveError):
    """No cluster was named to try one of the fleet's on: the message says how to name one.

    Nobody has to care: what would be tried there is skipped.
    """
