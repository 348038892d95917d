"""The command-line options that say which live checks are made, and in what clusters."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

_APPLY_HELP = """
Ask an API server what it says to a server-side apply of every object: validation, admission policies of the repository
and, with --gitops-base, fields that can't be changed. PROVIDER makes it: `hermetic` (default; needs
`pip install "pytest-gitops[hermetic]"`).
"""
_RECONCILE_HELP = """
Run the full Flux reconcile of every cluster, and tests that use `live_cluster`, in an ephemeral cluster. PROVIDER makes
it: `hermetic` (default), processes of this machine without Docker.
"""

DEFAULT_PROVIDER = "hermetic"
# Named here too: what a run asks for is read before anything of a provider is imported. A test compares the two.
PROVIDERS = ("hermetic",)
_ASKING = {"--gitops-apply": "gitops_apply", "--gitops-reconcile": "gitops_reconcile"}


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What the clusters of a run's live checks are; ``provider`` makes them."""

    provider: str = DEFAULT_PROVIDER


def add_live_options(group: pytest.OptionGroup) -> None:
    """Declare the options."""
    asking = {"metavar": "PROVIDER", "nargs": "?", "const": DEFAULT_PROVIDER, "default": None}
    group.addoption("--gitops-apply", **asking, help=_line(_APPLY_HELP))
    group.addoption("--gitops-reconcile", **asking, help=_line(_RECONCILE_HELP))


def read_live(config: pytest.Config) -> LiveOptions:
    """Return what the run's clusters are. Raises pytest.UsageError where an option can't be understood."""
    return LiveOptions(_provider(config))


def _provider(config: pytest.Config) -> str:
    """Return what makes the clusters of live checks; one run has one."""
    given = {option: name for option, key in _ASKING.items() if (name := config.getoption(key)) is not None}
    for option, name in given.items():
        if name not in PROVIDERS:
            hint = f"; write {option}=NAME, or {option} last" if "=" not in name else ""
            raise pytest.UsageError(f"{option}: {name!r} is not one of {', '.join(PROVIDERS)}{hint}")
    if len(set(given.values())) > 1:
        raise pytest.UsageError(f"{' and '.join(given)} name different providers: one run has one")
    return next(iter(given.values()), DEFAULT_PROVIDER)


def _line(paragraph: str) -> str:
    return " ".join(paragraph.split())
