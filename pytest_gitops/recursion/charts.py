"""Which chart a HelmRelease installs, and where it is here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pytest_gitops.model import Failed, JsonObject, Location, Skipped
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.paths import clean, join
from pytest_gitops.recursion.fetching import named, repository_of
from pytest_gitops.recursion.node import Key, Node, Wait
from pytest_gitops.recursion.registry import Provided
from pytest_gitops.recursion.shared import UNDER_WAY
from pytest_gitops.recursion.state import State
from pytest_gitops.rendering import RenderError, TreeError
from pytest_gitops.rendering.charts import ChartDependency, ChartInfo, ChartPlace, ChartRequest
from pytest_gitops.sources import Place, SourceKey, advice

CHART_KINDS = ("HelmRepository", "GitRepository", "Bucket")
REFERENCE_KINDS = ("OCIRepository", "HelmChart", "ExternalArtifact")
CHART_FILE = "Chart.yaml"
_VERSION = re.compile(r"-v?\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The chart that a HelmRelease or HelmChart asks for.

    ``field`` is what asks for it in the HelmRelease, ``provided`` the HelmChart where one stands between. ``spec`` is
    the HelmChart's as source-controller reads it.
    """

    source: SourceKey
    chart: str
    version: str
    spec: JsonObject
    field: str
    provided: Provided | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that is here: in a directory of a place, else an archive.

    ``revision`` is that of the source's artifact, empty where it isn't known.
    """

    source: SourceKey
    spec: JsonObject
    place: Place = field(default_factory=Place)
    path: str = ""
    archive: Path | None = None
    digest: str = ""
    revision: str = ""
    dependencies: tuple[tuple[ChartDependency, Path], ...] = ()


class Charts:
    """Finds the charts of one cluster's HelmReleases."""

    def __init__(self, state: State) -> None:
        self._registry = state.registry
        self._sourcing = state.sourcing
        self._fetching = state.fetching
        self._failures = state.failures
        self._trees = state.trees
        self._shared = state.around.shared

    def uses(self, node: Node) -> Iterator[Key]:
        """Return the objects that lead to a HelmRelease's chart."""
        reference = mapping(node.spec, "chartRef")
        if reference:
            key = _key(reference, node.namespace)
            yield (node.scope, key.kind, key.namespace, key.name)
        wanted = self._wanted(node)
        if isinstance(wanted, Wanted):
            yield (node.scope, wanted.source.kind, wanted.source.namespace, wanted.source.name)

    def find(self, node: Node) -> Chart | Failed | Skipped | Wait:
        """Return a HelmRelease's chart with the charts it depends on, or why there is none, or what it waits for."""
        wanted = self._wanted(node)
        if not isinstance(wanted, Wanted):
            return wanted
        chart = self._found(node, wanted)
        return self._with_dependencies(node, chart) if isinstance(chart, Chart) and chart.archive is None else chart

    def unpacked(self, node: Node, key: SourceKey) -> Place | Failed | Skipped | Wait:
        """Return the unpacked artifact of a HelmChart, as an ArtifactGenerator takes it."""
        wanted = self._of_helm_chart(node, key, "spec.sources")
        chart = self._found(node, wanted) if isinstance(wanted, Wanted) else wanted
        if not isinstance(chart, Chart):
            return chart
        if chart.archive is None:
            return Skipped(f"{key} is a chart of {chart.source}, which is packed in the cluster alone")
        try:
            return self._trees.unpacked(chart.archive)
        except TreeError as error:
            return Skipped(f"{key}: {error.error.message}")

    def _wanted(self, node: Node) -> Wanted | Failed | Skipped | Wait:
        reference, template = mapping(node.spec, "chartRef"), mapping(node.spec, "chart", "spec")
        if reference:
            key = _key(reference, node.namespace)
            if key.kind == "HelmChart":
                return self._of_helm_chart(node, key, "spec.chartRef")
            if key.kind not in REFERENCE_KINDS:
                return _no_source(key)
            return Wanted(key, "", "", {}, "spec.chartRef")
        key = _key(mapping(template, "sourceRef"), node.namespace)
        if not template or not key.name:
            return Skipped("it names no chart: neither spec.chart with its sourceRef, nor spec.chartRef")
        if key.kind not in CHART_KINDS:
            return _no_source(key)
        return _wanted(key, template, "spec.chart.spec")

    def _of_helm_chart(self, node: Node, key: SourceKey, field: str) -> Wanted | Skipped | Wait:
        provided = self._registry.source(node.scope, key)
        if provided is None:
            return self._undeclared(node, key)
        spec = mapping(provided.object, "spec")
        source = _key(mapping(spec, "sourceRef"), key.namespace)
        return _wanted(SourceKey(source.kind, key.namespace, source.name), spec, field, provided)

    def _undeclared(self, node: Node, key: SourceKey) -> Skipped | Wait:
        return Skipped(f"the source of its chart, {key}, is not there") if node.final else Wait.OBJECT

    def _found(self, node: Node, wanted: Wanted) -> Chart | Failed | Skipped | Wait:
        key = wanted.source
        if not self._sourcing.declares(node, key):
            return self._undeclared(node, key)
        provided = self._registry.source(node.scope, key)
        directory = self._sourcing.mapped(key, provided.object if provided else None)
        if directory is not None and (key.kind == "HelmRepository" or wanted.field == "spec.chartRef"):
            return _in_directory(wanted, directory)
        if provided is not None and key.kind in ("HelmRepository", "OCIRepository"):
            return self._fetched(node, wanted, provided)
        return self._in_place(node, wanted, key)

    def _in_place(self, node: Node, wanted: Wanted, key: SourceKey) -> Chart | Failed | Skipped | Wait:
        place = self._sourcing.locate(node, key, path=wanted.chart)
        if not isinstance(place, Place):
            return place
        if key.kind == "ExternalArtifact":
            return self._in_artifact(node, wanted, place)
        return Chart(key, wanted.spec, place, clean(wanted.chart))

    def _fetched(self, node: Node, wanted: Wanted, source: Provided) -> Chart | Failed | Skipped | Wait:
        """Return the chart that an OCIRepository is, or one of a HelmRepository."""
        if wanted.source.kind == "OCIRepository":
            fetched = self._fetching.artifact(node, source.object)
        else:
            fetched = self._fetching.chart(node, source.object, wanted.chart, wanted.version)
        if isinstance(fetched, Wait):
            return fetched
        if isinstance(fetched, RenderError):
            return self._missing(node, wanted, source, fetched)
        if fetched.archive is not None:
            return Chart(
                wanted.source, wanted.spec, archive=fetched.archive, digest=fetched.digest, revision=fetched.revision
            )
        return self._in_artifact(node, wanted, Place(fetched.directory, fetched=True), fetched.revision)

    def _missing(self, node: Node, wanted: Wanted, source: Provided, error: RenderError) -> Failed | Skipped:
        of = named(wanted.source, source.object)
        what = f"chart {' '.join(filter(None, (wanted.chart, wanted.version)))} of {of}" if wanted.chart else of
        absent = Place(reason=f"{what} is not available here", remedy=advice(wanted.source))
        return self._fetching.missing(node, what, error, absent, _field_of(wanted, source, error))

    def _in_artifact(self, node: Node, wanted: Wanted, place: Place, revision: str = "") -> Chart | Failed:
        """Return the chart in a directory of files: it is packed in a folder of its own name, as Helm packs one."""
        try:
            root = self._trees.open(place).root
        except TreeError as error:
            return self._failures.at_field(node, "chart", wanted.field, error.error.message)
        path = _chart_directory(root)
        if path is None:
            message = f"{wanted.source} holds no chart: there is no {CHART_FILE} in any of its top directories"
            return self._failures.at_field(node, "chart", wanted.field, message)
        return Chart(wanted.source, wanted.spec, place, path, revision=revision)

    def _with_dependencies(self, node: Node, chart: Chart) -> Chart | Failed | Skipped | Wait:
        """Add the archives of charts that a chart in a directory depends on and that don't lie beside it."""
        try:
            info = self._info(node, chart)
        except TreeError as error:
            return self._failures.of_chart(node, error.error, self._trees.translate(chart.place))
        if info is UNDER_WAY:
            return Wait.WORK
        if not isinstance(info, ChartInfo):
            # The render says better what is wrong with it.
            return chart
        found: list[tuple[ChartDependency, Path]] = []
        waiting = False
        for index, dependency in enumerate(info.dependencies):
            if dependency.present or "://" not in dependency.repository:
                continue
            answer = self._dependency(node, chart, index, dependency)
            waiting = waiting or isinstance(answer, Wait)
            if isinstance(answer, Failed | Skipped):
                return answer
            if isinstance(answer, Path):
                found.append((dependency, answer))
        if waiting:
            return Wait.WORK
        return Chart(chart.source, chart.spec, chart.place, chart.path, None, "", chart.revision, tuple(found))

    def _info(self, node: Node, chart: Chart) -> object:
        tree = self._trees.open(chart.place)
        return self._shared.ask(
            ("chart", tree, chart.path),
            lambda tag: ChartRequest(chart=ChartPlace(tree, chart.path), tag=tag),
            lambda: self._fetching.replan(node),
        )

    def _dependency(
        self, node: Node, chart: Chart, index: int, dependency: ChartDependency
    ) -> Path | Failed | Skipped | Wait:
        repository = repository_of(dependency.repository)
        mapped = self._sourcing.mapped(SourceKey("HelmRepository", "", ""), repository)
        if mapped is not None:
            packed = _packed(mapped, dependency.name, dependency.version)
            return packed or Skipped(f"{mapped} holds no archive of the chart {dependency.name}")
        fetched = self._fetching.chart(node, repository, dependency.name, dependency.version)
        if isinstance(fetched, Wait):
            return fetched
        what = f"chart {dependency.name} {dependency.version} of {dependency.repository}, which the chart depends on,"
        if isinstance(fetched, RenderError):
            file = self._trees.translate(chart.place)(join(chart.path, CHART_FILE))
            where = Provided(None, {}, Location(file, 1))
            remedy = f"give a local directory for it with `sources: {{{dependency.repository}: DIRECTORY}}`"
            absent = Place(reason=f"{what} is not available here", remedy=remedy)
            return self._fetching.missing(node, what, fetched, absent, (f"dependencies[{index}].version", where))
        return fetched.archive or Skipped(f"{what} is no packed chart")


def _wanted(source: SourceKey, spec: JsonObject, field: str, provided: Provided | None = None) -> Wanted:
    return Wanted(
        source,
        scalar(spec, "chart"),
        scalar(spec, "version"),
        {
            "ignoreMissingValuesFiles": spec.get("ignoreMissingValuesFiles") is True,
            "reconcileStrategy": scalar(spec, "reconcileStrategy"),
            "valuesFiles": [str(name) for name in listed(spec, "valuesFiles")],
        },
        field,
        provided,
    )


def _no_source(key: SourceKey) -> Skipped:
    """The schema of HelmReleases has the kinds, and says more of a wrong one."""
    return Skipped(f"the source of its chart is of a kind that gives none here: {key.kind!r}")


def _key(reference: JsonObject, namespace: str) -> SourceKey:
    return SourceKey(scalar(reference, "kind"), scalar(reference, "namespace") or namespace, scalar(reference, "name"))


def _field_of(wanted: Wanted, source: Provided, error: RenderError) -> tuple[str, Provided | None]:
    """Return what asks for a chart: a field of its source, of the HelmChart, or of the HelmRelease."""
    if error.field == "url":
        return "spec.url", source
    field = "version" if wanted.version and error.field != "chart" else "chart"
    if wanted.source.kind == "OCIRepository":
        return ("spec.ref" if "ref" in mapping(source.object, "spec") else "spec.url"), source
    if wanted.provided is not None:
        return f"spec.{field}", wanted.provided
    return f"{wanted.field}.{field}", None


def _in_directory(wanted: Wanted, directory: Path) -> Chart | Skipped:
    """Return a chart from the user's directory of charts: unpacked or packed; or the directory that is the chart."""
    name = clean(wanted.chart)
    place = Place(directory)
    if name and (directory / name / CHART_FILE).is_file():
        return Chart(wanted.source, wanted.spec, place, name)
    packed = _packed(directory, name, wanted.version) if name else None
    if packed is not None:
        return Chart(wanted.source, wanted.spec, archive=packed, digest=_stamp(packed))
    path = _chart_directory(directory)
    if path is not None and (not name or path == ""):
        return Chart(wanted.source, wanted.spec, place, path)
    return Skipped(f"{directory}, which stands for {wanted.source}, holds no chart {name}".rstrip())


def _packed(directory: Path, name: str, version: str) -> Path | None:
    """Return the archive of a chart: of its version, else the only one there is."""
    exact = directory / f"{name}-{version.removeprefix('v')}.tgz"
    if version and exact.is_file():
        return exact
    found = sorted(
        path
        for path in directory.glob("*.tgz")
        if path.name.startswith(name) and _VERSION.match(path.name[len(name) :])
    )
    return found[0] if len(found) == 1 else None


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


def _chart_directory(root: Path) -> str | None:
    """Return the directory of a tree that is a chart: the root, or the first below it."""
    if (root / CHART_FILE).is_file():
        return ""
    try:
        names = sorted(entry.name for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return None
    return next((name for name in names if (root / name / CHART_FILE).is_file()), None)
