"""The command-line options that say what a run may fetch."""

from __future__ import annotations

import re

import pytest

from pytest_gitops.network import Network, offline_by_environment

_OFFLINE_HELP = """
Fetch nothing: sources, charts and remote bases come from the cache, and what needs one that isn't there is skipped.
Also the environment variable GITOPS_OFFLINE.
"""
_REFRESH_HELP = """
Ask again what branches, version ranges, tags and chart indexes lead to, however short ago that was asked.
"""
_STRICT_HELP = """
Fail what needs a source, chart or remote base that can't be had, in place of skipping it.
"""
_PRIVATE_HELP = """
Fetch from private, loopback and link-local addresses too: for repositories whose changes you trust.
"""
_HOST_HELP = """
Fetch from this host only (repeatable), whatever the repository names.
"""
_BASE_HELP = """
Fetch only from hosts that the base of the change names already: that of --gitops-base, else of origin's default branch.
Adds to those of --gitops-host.
"""
_NAME = re.compile(r"[A-Za-z0-9_.-]+|\[?[0-9A-Fa-f:.]+\]?")


def add_network_options(group: pytest.OptionGroup) -> None:
    """Declare the options."""
    group.addoption("--gitops-offline", action="store_true", help=_line(_OFFLINE_HELP))
    group.addoption("--gitops-refresh", action="store_true", help=_line(_REFRESH_HELP))
    group.addoption("--gitops-strict-sources", action="store_true", help=_line(_STRICT_HELP))
    group.addoption("--gitops-private-sources", action="store_true", help=_line(_PRIVATE_HELP))
    group.addoption("--gitops-hosts-of-base", action="store_true", help=_line(_BASE_HELP))
    group.addoption("--gitops-host", metavar="HOST", action="append", default=[], help=_line(_HOST_HELP))


def read_network(config: pytest.Config) -> Network:
    """Return what the run may fetch. Raises pytest.UsageError where an option can't be understood."""
    return Network(
        offline=config.getoption("gitops_offline") or offline_by_environment(),
        private=config.getoption("gitops_private_sources"),
        hosts=_hosts(config),
        refresh=config.getoption("gitops_refresh"),
        strict=config.getoption("gitops_strict_sources"),
    )


def _hosts(config: pytest.Config) -> frozenset[str] | None:
    hosts = config.getoption("gitops_host")
    for host in hosts:
        if not _NAME.fullmatch(host):
            raise pytest.UsageError(f"--gitops-host: {host!r} is no host name; write it as github.com")
    return frozenset(host.lower() for host in hosts) or None


def _line(paragraph: str) -> str:
    return " ".join(paragraph.split())
