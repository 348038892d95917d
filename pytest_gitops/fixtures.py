"""Fixtures for the user's own tests, parametrised over clusters, their parts, and resources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from pytest_gitops.targets import Each, Selector, Wanted, asked, targets

if TYPE_CHECKING:
    from pytest_gitops.live import LiveCluster
    from pytest_gitops.model import Cluster, Fleet, HelmRelease, Kustomization, Moment, Part, Rendered, Resource
    from pytest_gitops.review.model import Review

    Pointed = tuple[Cluster, Part | None, Resource | None]

TIMELINES = pytest.StashKey[dict[str, Callable[[], Sequence["Moment"]]]]()
_TARGET = "_gitops_target"
_EACH_KIND = {
    "_gitops_each_kustomization": Wanted(Each.KUSTOMIZATION, "Kustomization"),
    "_gitops_each_helm_release": Wanted(Each.HELM_RELEASE, "HelmRelease"),
}
_EACH_PART = "_gitops_each_part"
_EACH_RESOURCE = "_gitops_each_resource"
_NO_REPOSITORY = "this test needs a GitOps repository: give --gitops-repo=DIR, or set gitops_repo in the ini file"


@pytest.fixture(scope="session")
def fleet(pytestconfig: pytest.Config) -> Fleet:
    """Everything the GitOps repository renders to: a pytest_gitops.model.Fleet. Read only."""
    return _fleet(pytestconfig)


def _fleet(config: pytest.Config) -> Fleet:
    from pytest_gitops.session import SESSION  # noqa: PLC0415

    if SESSION not in config.stash:
        pytest.fail(_NO_REPOSITORY, pytrace=False)
    return config.stash[SESSION].fleet


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
def live_cluster(cluster: Cluster, fleet: Fleet, request: pytest.FixtureRequest) -> LiveCluster:
    """A running cluster whose Flux follows ``cluster``, all of it Ready: a pytest_gitops.live.LiveCluster.

    It is started once a run and put back to the working tree for each test. Skipped without ``--gitops-reconcile``.
    """
    return _live(request, fleet, cluster)


@pytest.fixture
def live_clusters(fleet: Fleet, request: pytest.FixtureRequest) -> Callable[[str], LiveCluster]:
    """A function that gives the live cluster of a name, as ``live_cluster`` is one: for tests about several at once.

    Skipped without ``--gitops-reconcile``.
    """
    _ask_for_live(request.config)

    def given(name: str) -> LiveCluster:
        names = [cluster.name for cluster in fleet.clusters]
        if name not in names:
            pytest.fail(f"there is no cluster {name!r}; there are: {', '.join(names)}", pytrace=False)
        return _live(request, fleet, fleet[name])

    return given


def _ask_for_live(config: pytest.Config) -> None:
    if not config.getoption("gitops_reconcile"):
        pytest.skip("it needs a live cluster: give --gitops-reconcile")


def _live(request: pytest.FixtureRequest, fleet: Fleet, cluster: Cluster) -> LiveCluster:
    _ask_for_live(request.config)
    from pytest_gitops.exceptions import LiveError  # noqa: PLC0415
    from pytest_gitops.live.scenario import NotAsExpectedError  # noqa: PLC0415
    from pytest_gitops.live.sharing import clusters_of  # noqa: PLC0415

    try:
        live = clusters_of(request.config, fleet.root).get(cluster)
    except (LiveError, NotAsExpectedError) as error:
        said = str(error)
    else:
        began = len(live.timeline)
        request.node.stash.setdefault(TIMELINES, {})[cluster.name] = lambda: live.timeline[began:]
        return live
    # Not where it was caught: pytest would show both.
    pytest.fail(said, pytrace=False)


def with_timelines(item: pytest.Item, report: pytest.TestReport) -> None:
    """Add to the report of a test that fails what its live clusters saw since it began."""
    for name, timeline in item.stash.get(TIMELINES, {}).items() if report.failed and report.when == "call" else ():
        report.sections.append((f"live cluster {name}", "\n".join(map(str, timeline()))))


@pytest.fixture(scope="session")
def helm_release(
    _gitops_target: tuple[Cluster, HelmRelease],
    _gitops_each_helm_release: None,
) -> HelmRelease:
    """Each HelmRelease of each cluster in turn: a pytest_gitops.model.HelmRelease. Read only."""
    return _gitops_target[1]


@pytest.fixture
def rendered(_gitops_target: Pointed, _gitops_each_part: None) -> Rendered:
    """What each Kustomization, HelmRelease and ResourceSet renders to, each in turn, or only those of the kind that
    another fixture of the test is about: a pytest_gitops.model.Rendered that belongs to this test alone.

    The test is skipped where the part is, and fails where it fails.
    """
    from pytest_gitops.model import Failed, Skipped  # noqa: PLC0415

    part = _gitops_target[1]
    if part is None:
        pytest.fail("the fixture rendered serves test functions only", pytrace=False)
    match part.outcome:
        case Skipped(reason=reason):
            pytest.skip(reason)
        case Failed(findings=findings):
            causes = "; ".join(f"{f.location}: {f.message}" if f.location else f.message for f in findings)
            name = f"{part.id.kind} {part.id.namespace}/{part.id.name}"
            pytest.fail(f"{name} can't be rendered: {causes}", pytrace=False)
        case outcome:
            return outcome.fresh()


@pytest.fixture
def resource(_gitops_target: Pointed, _gitops_each_resource: None) -> Resource:
    """Each rendered object of each Kustomization, HelmRelease and ResourceSet in turn, or only of the kind that another
    fixture of the test is about: a pytest_gitops.model.Resource of this test alone.
    """
    resource = _gitops_target[2]
    if resource is None:
        pytest.fail("the fixture resource serves test functions only", pytrace=False)
    return resource.fresh()


@pytest.fixture(scope="session")
def gitops_review(pytestconfig: pytest.Config) -> Review:
    """What the change since ``--gitops-base`` does to every cluster: a pytest_gitops.review.model.Review. Read only.

    The test is skipped where nothing is reviewed.
    """
    from pytest_gitops.session import SESSION  # noqa: PLC0415

    if SESSION not in pytestconfig.stash:
        pytest.fail(_NO_REPOSITORY, pytrace=False)
    review = pytestconfig.stash[SESSION].review
    if review is None:
        pytest.skip("no change is reviewed: give --gitops-base=REF")
    return review


@pytest.fixture
def gitops_snapshot(request: pytest.FixtureRequest) -> Any:
    """A snapshot of objects for ``assert rendered["Deployment/web/web"] == gitops_snapshot``; needs syrupy.

    It takes a Resource, a Rendered, an object as a dict or a list of these, and is syrupy's ``snapshot`` but for what
    it writes: YAML without secrets and noise, a file for each assertion.
    """
    if not request.config.pluginmanager.hasplugin("syrupy"):
        pytest.fail('gitops_snapshot needs syrupy: pip install "pytest-gitops[snapshot]"', pytrace=False)
    from pytest_gitops.snapshots.given import extension  # noqa: PLC0415

    return request.getfixturevalue("snapshot").use_extension(extension(request.config))


@pytest.fixture(scope="session")
def _gitops_target(request: pytest.FixtureRequest) -> Any:
    """The cluster, and the part and resource where it is about one, that this round of a test is about.

    It does without the fixture ``fleet``: a test that names that looks at more than its own round.
    """
    fleet = _fleet(request.config)
    if not hasattr(request, "param"):
        pytest.fail(
            "the fixtures cluster, kustomization, helm_release, rendered and resource serve test functions only",
            pytrace=False,
        )
    number, index, position = request.param
    cluster = fleet.clusters[number]
    part = None if index is None else cluster.parts[index]
    rendered = part.rendered if part is not None else None
    resource = None if position is None or rendered is None else rendered.resources[position]
    return cluster, part, resource


@pytest.fixture(scope="session")
def _gitops_each_kustomization() -> None:
    """Says by being requested that a test wants each Kustomization, not just each cluster."""


@pytest.fixture(scope="session")
def _gitops_each_helm_release() -> None:
    """Says by being requested that a test wants each HelmRelease, not just each cluster."""


@pytest.fixture(scope="session")
def _gitops_each_part() -> None:
    """Says by being requested that a test wants each part of a cluster, not just each cluster."""


@pytest.fixture(scope="session")
def _gitops_each_resource() -> None:
    """Says by being requested that a test wants each resource."""


def parametrize(metafunc: pytest.Metafunc, fleet: Fleet) -> None:
    """Parametrise a test over the clusters, parts or resources its fixtures and ``gitops`` markers ask for.

    The private fixtures are there only where ``cluster`` and the others are this plugin's, not the user's own.
    A marker with a keyword that doesn't exist fails the collection of its module.
    """
    if _TARGET not in metafunc.fixturenames:
        return
    wanted = _wanted(metafunc)
    markers = list(metafunc.definition.iter_markers("gitops"))
    found = targets(fleet, [_selector(metafunc, marker) for marker in markers], wanted)
    parameters = [pytest.param(target, id=name) for target, name in found]
    if not parameters:
        reason = f"no {wanted.said} matches gitops({asked(markers)})"
        parameters = [pytest.param(None, id="none", marks=pytest.mark.skip(reason))]
    metafunc.parametrize(_TARGET, parameters, indirect=True, scope="session")


def _wanted(metafunc: pytest.Metafunc) -> Wanted:
    names: Sequence[str] = metafunc.fixturenames
    kinds = [wanted for name, wanted in _EACH_KIND.items() if name in names]
    if len(kinds) > 1:
        pytest.fail(
            f"{metafunc.definition.nodeid}: no object is both a Kustomization and a HelmRelease; take one of the "
            "fixtures kustomization and helm_release, or write two tests",
            pytrace=False,
        )
    kind = kinds[0].kind if kinds else ""
    if _EACH_RESOURCE in names:
        return Wanted(Each.RESOURCE, kind)
    if kinds:
        return kinds[0]
    return Wanted(Each.PART if _EACH_PART in names else Each.CLUSTER)


def _selector(metafunc: pytest.Metafunc, marker: pytest.Mark) -> Selector:
    valid = [field.name for field in fields(Selector)]
    unknown = [name for name in marker.kwargs if name not in valid]
    if unknown or marker.args:
        pytest.fail(
            f"{metafunc.definition.nodeid}: the marker gitops takes the keywords {', '.join(valid)}, "
            f"not {', '.join(unknown) or 'positional arguments'}",
            pytrace=False,
        )
    return Selector(**marker.kwargs)
