"""The engine's methods for Helm charts: what a chart is, and what a HelmRelease makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pytest_gitops.model import JsonObject, Rendered, Resource
from pytest_gitops.rendering import wire
from pytest_gitops.rendering.protocol import Tree, VariableSource, Work

_DEADLINE = 30.0


@dataclass(frozen=True, slots=True)
class ChartPlace:
    """Where a chart is: a directory or an archive of a tree, at ``path``, or an archive at an absolute path."""

    tree: Tree | None = None
    path: str = ""
    archive: Path | None = None

    def parameters(self, tree: int) -> JsonObject:
        """Return the engine's reference to the chart."""
        return {"path": self.path, "tree": tree} if self.archive is None else {"archive": str(self.archive)}


@dataclass(frozen=True, slots=True)
class ChartDependency:
    """A chart that another one depends on; ``present`` says that it need not be fetched."""

    name: str
    version: str = ""
    repository: str = ""
    alias: str = ""
    present: bool = False


@dataclass(frozen=True, slots=True)
class ChartInfo:
    """What a chart says of itself."""

    name: str
    version: str
    dependencies: tuple[ChartDependency, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChartRequest(Work):
    """Ask what a chart is: a ChartInfo."""

    method: ClassVar[str] = "chart"

    chart: ChartPlace

    @property
    def tree(self) -> Tree | None:
        """The tree that holds the chart."""
        return self.chart.tree

    def parameters(self, tree: int) -> JsonObject:
        """Return where the chart is."""
        return {"chart": self.chart.parameters(tree)}

    def answer(self, result: JsonObject) -> ChartInfo:
        """Return what the chart says of itself."""
        dependencies = tuple(
            ChartDependency(
                name=d["name"],
                version=d.get("version") or "",
                repository=d.get("repository") or "",
                alias=d.get("alias") or "",
                present=bool(d.get("present")),
            )
            for d in result.get("dependencies") or ()
        )
        return ChartInfo(result["name"], result["version"], dependencies)


@dataclass(frozen=True, slots=True)
class RenderedRelease:
    """What a HelmRelease renders to: ``rendered`` with the chart's CustomResourceDefinitions first, then its hooks.

    Paths of a chart in a tree are relative to the tree's root; of any other chart they are the template's within it.
    ``uses`` says what makes the output differ from render to render, ``unknown`` what of the values Git can't tell.
    ``asks`` tells whether a template asks which API versions the cluster serves.
    """

    name: str
    version: str
    app_version: str
    release: str
    namespace: str
    rendered: Rendered
    hooks: tuple[Resource, ...] = ()
    uses: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    asks: bool = True


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HelmRequest(Work):
    """Render a HelmRelease: a RenderedRelease.

    ``dependencies`` are the archives of charts that the chart depends on and that its source doesn't hold. ``values``
    are the ConfigMaps and Secrets that ``spec.valuesFrom`` names, as far as they are there. ``revision`` is that of the
    source's artifact. ``scopes`` tells of the cluster's own kinds, by ``group/Kind``, whether they are ``Namespaced``
    or ``Cluster``.
    """

    method: ClassVar[str] = "helm"
    deadline: ClassVar[float | None] = _DEADLINE

    release: JsonObject
    chart: ChartPlace
    chart_spec: JsonObject
    dependencies: Sequence[tuple[ChartDependency, Path]] = ()
    values: Sequence[VariableSource] = ()
    kubernetes: str = ""
    api_versions: Sequence[str] = ()
    scopes: Sequence[tuple[str, str]] = ()
    revision: str = ""
    cacheable: bool = True

    @property
    def tree(self) -> Tree | None:
        """The tree that holds the chart."""
        return self.chart.tree

    def parameters(self, tree: int) -> JsonObject:
        """Return all that shapes the render."""
        return {
            "api_versions": list(self.api_versions),
            "cacheable": self.cacheable and not any(source.secret for source in self.values),
            "chart": self.chart.parameters(tree),
            "chart_spec": self.chart_spec,
            "dependencies": [
                {"alias": dependency.alias, "archive": str(archive), "name": dependency.name}
                for dependency, archive in self.dependencies
            ],
            "kubernetes": self.kubernetes,
            "release": self.release,
            "revision": self.revision,
            "scopes": dict(self.scopes),
            "values_from": [wire.value_parameters(source) for source in self.values],
        }

    def answer(self, result: JsonObject) -> RenderedRelease:
        """Return the release, its resources undecoded."""
        return RenderedRelease(
            name=result["chart"]["name"],
            version=result["chart"]["version"],
            app_version=result["chart"].get("app_version") or "",
            release=result["release"]["name"],
            namespace=result["release"]["namespace"],
            rendered=wire.rendered(result),
            hooks=tuple(wire.resource_of(hook) for hook in result.get("hooks") or ()),
            uses=tuple(result.get("uses") or ()),
            unknown=tuple(result.get("unknown") or ()),
            asks=bool(result.get("capabilities", True)),
        )
