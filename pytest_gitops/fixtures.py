"""Fixtures for the user's own tests, parametrised over clusters and Kustomizations."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_gitops.model import Cluster, Fleet, Kustomization, Rendered

_TARGET = "_gitops_target"
_EACH_KUSTOMIZATION = "_gitops_each_kustomization"
_SELECTORS = ("cluster", "kustomization")
_NO_REPOSITORY = "this test needs a GitOps repository: give --gitops-repo=DIR, or set gitops_repo in the ini file"


@pytest.fixture(scope="session")
def fleet(pytestconfig: pytest.Config) -> Fleet:
    """Everything the GitOps repository renders to: a pytest_gitops.model.Fleet. Read only."""
    from pytest_gitops.session import SESSION  # noqa: PLC0415

    if SESSION not in pytestconfig.stash:
        pytest.fail(_NO_REPOSITORY, pytrace=False)
    return pytestconfig.stash[SESSION].fleet


@pytest.fixture(scope="session")
def cluster(_gitops_target: tuple[Cluster, Any]) -> Cluster:
    """Each cluster of the fleet in turn: a pytest_gitops.model.Cluster. Read only."""
    return _gitops_target[0]


@pytest.fixture(scope="session")
def kustomization(
    _gitops_target: tuple[Cluster, Kustomization],
    _gitops_each_kustomization: None,
) -> Kustomization:
    """Each Kustomization of each cluster in turn: a pytest_gitops.model.Kustomization. Read only."""
    return _gitops_target[1]


@pytest.fixture
def rendered(kustomization: Kustomization) -> Rendered:
    """What each Kustomization renders to: a pytest_gitops.model.Rendered that belongs to this test alone.

    The test is skipped where the Kustomization is, and fails where it fails.
    """
    from pytest_gitops.model import Failed, Skipped  # noqa: PLC0415

    match kustomization.outcome:
        case Skipped(reason=reason):
            pytest.skip(reason)
        case Failed(findings=findings):
            causes = "; ".join(f"{f.location}: {f.message}" if f.location else f.message for f in findings)
            pytest.fail(f"Kustomization {kustomization.name} can't be rendered: {causes}", pytrace=False)
        case outcome:
            return outcome.fresh()


@pytest.fixture(scope="session")
def _gitops_target(request: pytest.FixtureRequest, fleet: Fleet) -> Any:
    """The cluster, and the Kustomization where it is about one, that this round of a test is about."""
    if not hasattr(request, "param"):
        pytest.fail("the fixtures cluster, kustomization and rendered serve test functions only", pytrace=False)
    cluster, kustomization = request.param
    chosen = fleet.clusters[cluster]
    return chosen, None if kustomization is None else chosen.kustomizations[kustomization]


@pytest.fixture(scope="session")
def _gitops_each_kustomization() -> None:
    """Says by being requested that a test wants each Kustomization, not just each cluster."""


def parametrize(metafunc: pytest.Metafunc, fleet: Fleet) -> None:
    """Parametrise a test over the clusters or Kustomizations its fixtures and ``gitops`` markers ask for.

    The private fixtures are there only where ``cluster`` and the others are this plugin's, not the user's own.
    A marker with a keyword that doesn't exist fails the collection of its module.
    """
    if _TARGET not in metafunc.fixturenames:
        return
    globs = _globs(metafunc)
    each = _EACH_KUSTOMIZATION in metafunc.fixturenames
    targets = list(_targets(fleet, globs, each=each))
    if not targets:
        asked = ", ".join(f"{name}={glob!r}" for name, glob in globs) or "no marker"
        what = "Kustomization" if each else "cluster"
        targets = [pytest.param(None, id="none", marks=pytest.mark.skip(f"no {what} matches gitops({asked})"))]
    metafunc.parametrize(_TARGET, targets, indirect=True, scope="session")


def _globs(metafunc: pytest.Metafunc) -> list[tuple[str, str]]:
    markers = list(metafunc.definition.iter_markers("gitops"))
    given = [(name, glob) for marker in markers for name, glob in marker.kwargs.items()]
    unknown = [name for name, _glob in given if name not in _SELECTORS]
    if unknown or any(marker.args for marker in markers):
        pytest.fail(
            f"{metafunc.definition.nodeid}: the marker gitops takes {' and '.join(f'{s}=GLOB' for s in _SELECTORS)}, "
            f"not {', '.join(unknown) or 'positional arguments'}",
            pytrace=False,
        )
    return given


def _targets(fleet: Fleet, globs: list[tuple[str, str]], *, each: bool) -> Iterator[Any]:
    """Yield a parameter for each match, as indices: small, and the same in every xdist worker."""
    wanted = [glob for name, glob in globs if name == "cluster"]
    named = [glob for name, glob in globs if name == "kustomization"]
    for index, cluster in enumerate(fleet.clusters):
        if not all(fnmatchcase(cluster.name, glob) for glob in wanted):
            continue
        found = [i for i, k in enumerate(cluster.kustomizations) if all(_is_named(k, glob) for glob in named)]
        if each:
            for number in found:
                yield pytest.param((index, number), id=f"{cluster.name}/{cluster.kustomizations[number].name}")
        elif found or not named:
            yield pytest.param((index, None), id=cluster.name)


def _is_named(kustomization: Kustomization, glob: str) -> bool:
    """A glob with a slash is about ``namespace/name``, one without about the name."""
    return fnmatchcase(kustomization.name if "/" in glob else kustomization.id.name, glob)
