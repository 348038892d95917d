"""What helm-controller does with a HelmRelease."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pytest_gitops import model
from pytest_gitops.hiding import Hiding
from pytest_gitops.model import Failed, HelmRelease, Rendered, ResourceId, Skipped
from pytest_gitops.nesting import loaded
from pytest_gitops.objects import listed, scalar
from pytest_gitops.recursion.charts import Chart, Charts
from pytest_gitops.recursion.node import Inputs, Key, Kind, Node, Wait
from pytest_gitops.recursion.places import moved, moved_resource, templated
from pytest_gitops.recursion.registry import Api
from pytest_gitops.recursion.state import State
from pytest_gitops.recursion.unknown_values import is_doubtful
from pytest_gitops.recursion.values import ValuePlaces
from pytest_gitops.rendering import Done, RenderError, VariableSource
from pytest_gitops.rendering.charts import ChartPlace, HelmRequest, RenderedRelease
from pytest_gitops.variables import Reference, placeholder

GROUP = "helm.toolkit.fluxcd.io"
# How Helm begins to say that a chart isn't for the cluster's version.
KUBERNETES = "chart requires kubeVersion"


@dataclass(frozen=True, slots=True)
class ReleaseInputs(Inputs):
    """What shapes a release beside its chart's files."""

    chart: Chart
    values: tuple[VariableSource, ...]
    kubernetes: str
    api: Api


class HelmReleases(Kind):
    """Renders each HelmRelease with its chart, once all else of the cluster is known.

    A chart may ask which API versions the cluster serves, and another may bring their definitions: those that ask are
    rendered again when there are more.
    """

    group = GROUP
    holds_anything = False
    patience = 1

    def __init__(self, state: State, charts: Charts) -> None:
        self._state = state
        self._charts = charts
        self._places = ValuePlaces(state)

    def uses(self, node: Node) -> Iterable[Key]:
        """Return what leads to its chart, and what its values come from."""
        yield from self._charts.uses(node)
        for reference in references(node):
            yield (node.scope, reference.kind, node.namespace, reference.name)

    def plan(self, node: Node) -> Inputs | Failed | Skipped | Wait:
        """Find its chart and its values; the cluster is looked at last."""
        chart = self._charts.find(node)
        if not isinstance(chart, Chart):
            return chart
        if not node.final:
            return Wait.OBJECT
        return ReleaseInputs(node.object, chart.place, chart, self._values(node), self._kubernetes, self._api(node))

    def request(self, node: Node, inputs: Inputs, tag: Callable[[Done], None]) -> HelmRequest:
        """Return its render."""
        assert isinstance(inputs, ReleaseInputs)  # noqa: S101  (they are this kind's own)
        chart = inputs.chart
        place = ChartPlace(archive=chart.archive)
        if chart.archive is None:
            place = ChartPlace(self._state.trees.open(chart.place), chart.path)
        return HelmRequest(
            release=node.object,
            chart=place,
            chart_spec=chart.spec,
            dependencies=chart.dependencies,
            values=inputs.values,
            kubernetes=inputs.kubernetes,
            api_versions=inputs.api.versions,
            scopes=inputs.api.scopes,
            revision=chart.revision,
            cacheable=not node.secrets,
            tag=tag,
        )

    def accept(self, node: Node, answer: RenderedRelease) -> Rendered:
        """Return what the release applies; of a chart that isn't in the repository, templates are no files."""
        chart = _chart_of(node)
        node.detail = answer
        answer.rendered.secrets = _secrets(node)
        if chart.archive is None and not chart.place.fetched:
            return moved(answer.rendered, self._state.trees.translate(chart.place))
        rendered = answer.rendered
        return Rendered(
            tuple(templated(resource) for resource in rendered),
            placeholders=rendered.placeholders,
            secrets=rendered.secrets,
        )

    def failed(self, node: Node, error: RenderError) -> Failed | Skipped:
        """Say where chart, values or template are wrong; not, where what is missing may be in the cluster alone."""
        error = replace(error, message=Hiding((*node.secrets, *_secrets(node)))(error.message))
        if KUBERNETES in error.message and not self._kubernetes:
            first = error.message.splitlines()[0]
            return Skipped(f"{first}; say which Kubernetes the cluster runs: `kubernetes-version`")
        unknown = _unknown_of(node)
        named = error.field is not None and error.field.startswith("spec.valuesFrom")
        if unknown and error.code in ("helm", "values") and not named and "parse error" not in error.message:
            first = error.message.splitlines()[0]
            return Skipped(f"it can't be told what it renders to without the values of {unknown}: {first}")
        if is_doubtful(error, self._documents(node)):
            said = " ".join(error.message.split())
            return Skipped(f"it can't be told what it renders to without the variables that are not in Git: {said}")
        translate = self._state.trees.translate(_chart_of(node).place)
        return self._state.failures.of_chart(
            node, error, translate, lambda path: self._places.of_error(node, error, path)
        )

    def result(self, node: Node) -> HelmRelease:
        """Return the HelmRelease."""
        detail = node.detail if isinstance(node.outcome, Rendered) else None
        inputs = node.inputs if isinstance(node.inputs, ReleaseInputs) else None
        return HelmRelease(
            id=ResourceId.of(node.object),
            object=node.object,
            location=node.location,
            outcome=node.settled,
            parent=node.parent.name if node.parent else None,
            chart=_described(detail, inputs.chart) if detail and inputs else None,
            chain=node.chain,
            release=detail.release if detail else "",
            target=detail.namespace if detail else self.default_namespace(node),
            hooks=self._hooks(node, detail) if detail else (),
            unknown=detail.unknown if detail else (),
        )

    def default_namespace(self, node: Node) -> str:
        """Return the namespace that the release is installed in."""
        return scalar(node.spec, "targetNamespace") or node.namespace

    def outdated(self, node: Node) -> bool:
        """Tell whether a chart asked for API versions of which there are more by now."""
        inputs, detail = node.inputs, node.detail
        if not isinstance(inputs, ReleaseInputs) or not isinstance(detail, RenderedRelease):
            return False
        return detail.asks and inputs.api != self._api(node)

    @property
    def _kubernetes(self) -> str:
        given = self._state.settings.settings.get("kubernetes_version")
        return str(given or self._state.around.kubernetes)

    def _api(self, node: Node) -> Api:
        return self._state.registry.api(node.target)

    def _values(self, node: Node) -> tuple[VariableSource, ...]:
        """Return what ``valuesFrom`` finds: what only the cluster knows the values of is not complete."""
        answers = []
        for reference in references(node):
            values = self._state.registry.values(node.scope, node.namespace, reference)
            if values is not None:
                complete = values.complete and not values.hidden
                known, secret = dict(values.known), values.secret
                answers.append(VariableSource(reference.kind, reference.name, known, complete, secret))
            elif not reference.optional or self._state.has_unknown_parts():
                answers.append(VariableSource(reference.kind, reference.name, complete=False))
        return tuple(answers)

    def _documents(self, node: Node) -> Iterator[Any]:
        """Yield all values that are given to the chart, a document each."""
        yield node.spec.get("values")
        assert isinstance(node.inputs, ReleaseInputs)  # noqa: S101  (it was asked for)
        for source in node.inputs.values:
            yield from (loaded(text) for text in source.values.values() if placeholder("") in text)

    def _hooks(self, node: Node, detail: RenderedRelease) -> tuple[model.Resource, ...]:
        chart = _chart_of(node)
        if chart.archive is not None or chart.place.fetched:
            return tuple(templated(hook) for hook in detail.hooks)
        translate = self._state.trees.translate(chart.place)
        return tuple(moved_resource(hook, translate) for hook in detail.hooks)


def references(node: Node) -> tuple[Reference, ...]:
    """Return the ConfigMaps and Secrets that a HelmRelease takes values from, each once."""
    found: dict[tuple[str, str], Reference] = {}
    for entry in listed(node.spec, "valuesFrom"):
        kind, name = scalar(entry, "kind"), scalar(entry, "name")
        if name:
            optional = entry.get("optional") is True
            known = found.get((kind, name))
            found[kind, name] = Reference(kind, name, optional and (known is None or known.optional))
    return tuple(found.values())


def _secrets(node: Node) -> tuple[str, ...]:
    """Return the values that were encrypted in Git and that a release's values come from."""
    assert isinstance(node.inputs, ReleaseInputs)  # noqa: S101  (it was asked for)
    return tuple(value for source in node.inputs.values if source.secret for value in source.values.values())


def _unknown_of(node: Node) -> str:
    """Return the ConfigMaps and Secrets whose values are not all in Git."""
    assert isinstance(node.inputs, ReleaseInputs)  # noqa: S101  (it was asked for)
    return ", ".join(f"{source.kind} {source.name}" for source in node.inputs.values if not source.complete)


def _chart_of(node: Node) -> Chart:
    assert isinstance(node.inputs, ReleaseInputs)  # noqa: S101  (it was asked for)
    return node.inputs.chart


def _described(detail: RenderedRelease, chart: Chart) -> model.Chart:
    return model.Chart(detail.name, detail.version, str(chart.source), detail.app_version, detail.uses)
