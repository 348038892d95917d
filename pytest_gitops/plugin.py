"""The pytest plugin: options, markers and fixtures for all runs; the rest only for a run with a repository."""

from __future__ import annotations

import pytest

from pytest_gitops import hookspecs
from pytest_gitops.fixtures import (
    _gitops_each_helm_release,
    _gitops_each_kustomization,
    _gitops_each_part,
    _gitops_each_resource,
    _gitops_target,
    cluster,
    fleet,
    gitops_review,
    gitops_snapshot,
    helm_release,
    kustomization,
    live_cluster,
    live_clusters,
    rendered,
    resource,
)
from pytest_gitops.importing import as_written
from pytest_gitops.settings import SETTINGS, add_options, read_settings

__all__ = [
    "_gitops_each_helm_release",
    "_gitops_each_kustomization",
    "_gitops_each_part",
    "_gitops_each_resource",
    "_gitops_target",
    "cluster",
    "fleet",
    "gitops_review",
    "gitops_snapshot",
    "helm_release",
    "kustomization",
    "live_cluster",
    "live_clusters",
    "rendered",
    "resource",
]

_MARKER = (
    "gitops(cluster=GLOB, kustomization=GLOB, helmrelease=GLOB, resourceset=GLOB, kind=GLOB, namespace=GLOB, "
    "name=GLOB, labels=MAPPING): limits a test's fixtures cluster, kustomization, helm_release, rendered and resource "
    "to what matches; several globs may be given as a list. "
    "The plugin's own tests carry it too: -m \"gitops(check='build')\" selects by check, cluster, kustomization, "
    "helmrelease, resourceset, namespace, name or overlay."
)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that users can implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and ini values."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the hooks of a session where there is a repository."""
    config.addinivalue_line("markers", _MARKER)
    settings = read_settings(config)
    if settings is None:
        return
    config.stash[SETTINGS] = settings
    as_written(config)
    from pytest_gitops.hooks import register  # noqa: PLC0415

    register(config, settings)
