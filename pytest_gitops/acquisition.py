"""Gets the fleet of a run: from pytest-xdist's controller, or by loading the repository."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_gitops.exceptions import GitopsError, RepositoryError
from pytest_gitops.model import Fleet
from pytest_gitops.network import Network
from pytest_gitops.rendering.standby import Standby
from pytest_gitops.reporting import Progress
from pytest_gitops.settings import DEFAULT_BASE, Settings
from pytest_gitops.sharing import received

if TYPE_CHECKING:
    from pytest_gitops.configuration import Configuration
    from pytest_gitops.repository import Repository

STANDBY = pytest.StashKey[Standby]()
NETWORK = pytest.StashKey[Network]()
CACHE_VARIABLE = "GITOPS_CACHE_DIR"
Made = TypeVar("Made")


def load_fleet(config: pytest.Config, settings: Settings) -> Fleet:
    """Return the run's fleet; raises pytest.UsageError as ``guarded`` does."""
    fleet: Fleet | None = received(config, "fleet")
    if fleet is not None:
        return fleet
    return guarded(config, settings, lambda: _not_empty(load_anew(config, settings, settings.repo)))


def guarded(config: pytest.Config, settings: Settings, make: Callable[[], Made]) -> Made:
    """Return what is made of the repository.

    Raises pytest.UsageError where it can't be; with ``--full-trace`` a defect of this plugin is raised as it is.
    """
    try:
        return make()
    except GitopsError as error:
        raise pytest.UsageError(f"gitops: {error}") from None
    except (pytest.UsageError, MemoryError):
        raise
    except Exception as error:
        if config.getoption("fulltrace"):
            raise
        raise pytest.UsageError(
            f"gitops: {settings.repo} could not be loaded: {type(error).__name__}: {error}. This is a defect of "
            "pytest-gitops: please report it with the output of --full-trace"
        ) from None


def load_anew(
    config: pytest.Config, settings: Settings, repository: Path | Repository, configuration: Configuration | None = None
) -> Fleet:
    """Return the fleet of a repository as the settings ask for it, with progress shown where it takes long."""
    from pytest_gitops import load  # noqa: PLC0415

    with Progress(config) as progress:
        return load(
            repository,
            configuration=configuration,
            engine=settings.engine,
            cache_dir=cache_directory(config) if settings.cache else None,
            sources=dict(settings.sources),
            network=_network(config, settings),
            kubernetes=next(iter(settings.kubernetes), ""),
            age_keys=settings.age_keys,
            decrypt=settings.decrypt,
            sops=settings.sops,
            progress=progress,
            standby=None if settings.checks == ("build",) and settings.base is None else standby(config),
        )


def _network(config: pytest.Config, settings: Settings) -> Network:
    """Return what may be fetched; hosts of the base are looked up once a run."""
    if not settings.hosts_of_base:
        return settings.network
    if NETWORK not in config.stash:
        from pytest_gitops.base_hosts import hosts_of_base  # noqa: PLC0415  (few runs need it)

        hosts = hosts_of_base(settings.repo, settings.base or DEFAULT_BASE)
        config.stash[NETWORK] = replace(settings.network, hosts=hosts | (settings.network.hosts or frozenset()))
    return config.stash[NETWORK]


def _not_empty(fleet: Fleet) -> Fleet:
    if fleet.clusters or fleet.overlays:
        return fleet
    raise RepositoryError(
        f"{fleet.root} holds no Flux Kustomization, no FluxInstance and no kustomization.yaml: there is nothing to "
        "test. Give the root of the repository that a cluster is bootstrapped from"
    )


def standby(config: pytest.Config) -> Standby:
    """Return what keeps the engine between rendering and judging; it ends with the run."""
    if STANDBY not in config.stash:
        config.stash[STANDBY] = Standby()
        config.add_cleanup(config.stash[STANDBY].close)
    return config.stash[STANDBY]


def cache_directory(config: pytest.Config) -> Path | None:
    """Return the directory that keeps what was rendered, None where none can be written.

    That is ``$GITOPS_CACHE_DIR``, else a folder of pytest's own cache, else (cacheprovider off, or a checkout that
    can't be written) one in the user's cache directory.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return _made(Path(chosen).expanduser().absolute())
    cache = getattr(config, "cache", None)
    if cache is not None:
        try:
            directory: Path = cache.mkdir("gitops")
            if os.access(directory, os.W_OK):
                return directory
        except OSError:
            pass
    return _made(_user_cache() / "pytest-gitops")


def _made(directory: Path) -> Path | None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return directory if os.access(directory, os.W_OK) else None


def _user_cache() -> Path:
    default = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser(default)).absolute()
