"""The command-line options and ini values that say which live checks are made, and in what clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from pytest_gitops.option_paths import beside_ini, called_from, joined

_APPLY_HELP = """
Ask an API server what it says to a server-side apply of every object: validation, admission policies of the repository
and, with --gitops-base, fields that can't be changed. PROVIDER makes it: `hermetic` (default; needs
`pip install "pytest-gitops[hermetic]"`), `kind`, or `existing`, a cluster of yours, which is only asked.
"""
_RECONCILE_HELP = """
Run the full Flux reconcile of every cluster, and tests that use `live_cluster`, in an ephemeral cluster. PROVIDER makes
it: `hermetic` (default), processes of this machine without Docker, or `kind`, real nodes and pods in containers.
"""
_IMAGE_HELP = """
The node image of kind clusters. Without it: `kindest/node` of the Kubernetes version that the configuration declares
for a cluster, where that is a full one such as 1.36.3, else kind's own default. Also the ini value gitops_kind_image.
"""
_LOAD_HELP = """
Load an image into the nodes of kind clusters (repeatable): one that Docker or podman has, by its name, or an archive of
images (`*.tar`). Also the ini value gitops_kind_load, one a line.
"""
_INSTALL_HELP = """
The Flux to install in kind clusters, as `flux install --export` writes it. Without it: what the repository holds for
the cluster (gotk-components.yaml). Also the ini value gitops_flux_install.
"""
_KEEP_HELP = """
Delete no kind cluster that this run makes, to look at it: `kind get clusters` names them, and `kind delete cluster
--name NAME` deletes one.
"""
_CONTEXT_HELP = """
With --gitops-apply=existing: CONTEXT of your kubeconfig is the cluster that CLUSTER of the fleet stands for
(repeatable). It has to be written on the command line itself: no ini file can name a cluster of yours.
"""
_KUBECONFIG_HELP = """
The kubeconfig that --gitops-kube-context is about. Without it: KUBECONFIG, else ~/.kube/config, as for kubectl.
"""

DEFAULT_PROVIDER = "hermetic"
# Named here too: what a run asks for is read before anything of a provider is imported. A test compares the two.
PROVIDERS = ("hermetic", "kind", "existing")
ARCHIVES = (".tar", ".tar.gz", ".tgz")
_CONTEXT = "--gitops-kube-context"
# Which provider heeds an option; given to another one it would say nothing.
_HEEDED = {
    "gitops_kind_image": "kind",
    "gitops_kind_load": "kind",
    "gitops_flux_install": "kind",
    "gitops_keep_cluster": "kind",
    "gitops_kube_context": "existing",
    "gitops_kubeconfig": "existing",
}
_ASKING = {"--gitops-apply": "gitops_apply", "--gitops-reconcile": "gitops_reconcile"}


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What the clusters of a run's live checks are; ``provider`` makes them.

    ``kind_load`` are names of images and absolute paths of archives, ``flux_install`` and ``kubeconfig`` are files that
    exist. ``contexts`` pairs clusters of the fleet with contexts.
    """

    provider: str = DEFAULT_PROVIDER
    kind_image: str | None = None
    kind_load: tuple[str, ...] = ()
    flux_install: Path | None = None
    keep_cluster: bool = False
    contexts: tuple[tuple[str, str], ...] = ()
    kubeconfig: Path | None = None


def add_live_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Declare the options and ini values."""
    asking = {"metavar": "PROVIDER", "nargs": "?", "const": DEFAULT_PROVIDER, "default": None}
    group.addoption("--gitops-apply", **asking, help=_line(_APPLY_HELP))
    group.addoption("--gitops-reconcile", **asking, help=_line(_RECONCILE_HELP))
    group.addoption("--gitops-kind-image", metavar="IMAGE", default=None, help=_line(_IMAGE_HELP))
    group.addoption("--gitops-kind-load", metavar="IMAGE", action="append", default=[], help=_line(_LOAD_HELP))
    group.addoption("--gitops-flux-install", metavar="FILE", default=None, help=_line(_INSTALL_HELP))
    group.addoption("--gitops-keep-cluster", action="store_true", help=_line(_KEEP_HELP))
    group.addoption(
        "--gitops-kube-context", metavar="CLUSTER=CONTEXT", action="append", default=[], help=_line(_CONTEXT_HELP)
    )
    group.addoption("--gitops-kubeconfig", metavar="FILE", default=None, help=_line(_KUBECONFIG_HELP))
    parser.addini("gitops_kind_image", "The node image of kind clusters; see --gitops-kind-image.")
    parser.addini("gitops_kind_load", "Images of kind clusters, archives relative to the ini file.", "linelist", [])
    parser.addini("gitops_flux_install", "The Flux to install in kind clusters, relative to the ini file.")


def read_live(config: pytest.Config) -> LiveOptions:
    """Return what the run's clusters are. Raises pytest.UsageError where an option can't be understood."""
    provider = _provider(config)
    for key, heeding in _HEEDED.items():
        if provider != heeding and config.getoption(key):
            raise pytest.UsageError(f"{_option(key)} is about the provider {heeding}, and this run has {provider}")
    if provider == "existing":
        return LiveOptions(provider, contexts=tuple(_contexts(config)), kubeconfig=_kubeconfig(config))
    if provider != "kind":
        return LiveOptions(provider)
    return LiveOptions(
        provider=provider,
        kind_image=config.getoption("gitops_kind_image") or config.getini("gitops_kind_image") or None,
        kind_load=tuple(_loaded(config)),
        flux_install=_installed(config),
        keep_cluster=config.getoption("gitops_keep_cluster"),
    )


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


def _contexts(config: pytest.Config) -> Iterator[tuple[str, str]]:
    """Yield what ``--gitops-kube-context`` says; that it was said on the command line itself is made sure of."""
    given = config.getoption("gitops_kube_context")
    if config.getoption("gitops_reconcile") is not None:
        raise pytest.UsageError(
            "--gitops-reconcile: an existing cluster is only asked; give --gitops-apply=existing, or another provider"
        )
    if not given:
        raise pytest.UsageError(f"--gitops-apply=existing: name a cluster with {_CONTEXT}=CLUSTER=CONTEXT")
    # A worker of pytest-xdist has no command line of its own; its controller has come by here.
    if not hasattr(config, "workerinput"):
        _refuse_unwritten(config, given)
    for text in given:
        cluster, equals, context = text.partition("=")
        if not cluster.strip() or not equals or not context.strip():
            raise pytest.UsageError(
                f"{_CONTEXT}: {text!r} is not CLUSTER=CONTEXT; write for example staging=kind-staging"
            )
        yield cluster.strip(), context.strip()


def _refuse_unwritten(config: pytest.Config, given: Sequence[str]) -> None:
    """Raise pytest.UsageError where options come from elsewhere: ``addopts`` of an ini file, or PYTEST_ADDOPTS."""
    written = list(map(str, config.invocation_params.args))
    for text in given:
        is_written = f"{_CONTEXT}={text}" in written or (_CONTEXT, text) in pairwise(written)
        if not is_written:
            raise pytest.UsageError(
                f"{_CONTEXT}={text} has to be written on the command line: no ini file can name a cluster of yours"
            )


def _kubeconfig(config: pytest.Config) -> Path | None:
    given = config.getoption("gitops_kubeconfig")
    return _file(given, called_from(config), "--gitops-kubeconfig") if given else None


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _loaded(config: pytest.Config) -> Iterator[str]:
    given = [(text, beside_ini(config), "gitops_kind_load") for text in config.getini("gitops_kind_load")]
    given += [(text, called_from(config), "--gitops-kind-load") for text in config.getoption("gitops_kind_load")]
    for text, base, name in given:
        yield str(_file(text, base, name)) if text.endswith(ARCHIVES) else text


def _installed(config: pytest.Config) -> Path | None:
    option, value = config.getoption("gitops_flux_install"), config.getini("gitops_flux_install")
    if option:
        return _file(option, called_from(config), "--gitops-flux-install")
    return _file(value, beside_ini(config), "gitops_flux_install") if value else None


def _file(text: str, base: Path, name: str) -> Path:
    path = joined(base, text)
    if not path.is_file():
        raise pytest.UsageError(f"{name}: there is no file {text} (looked for {path})")
    return path


def _line(paragraph: str) -> str:
    return " ".join(paragraph.split())
