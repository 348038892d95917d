"""What kustomize-controller does with a Kustomization."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pytest_gitops.discovery.declaration import KUSTOMIZE_GROUP
from pytest_gitops.model import Failed, Kustomization, Rendered, Resource, ResourceId, Skipped
from pytest_gitops.objects import mapping, scalar
from pytest_gitops.recursion.node import Inputs, Key, Kind, Node, Wait
from pytest_gitops.recursion.places import moved
from pytest_gitops.recursion.state import State
from pytest_gitops.recursion.substitution import Substitution
from pytest_gitops.rendering import BuildRequest, Done, RenderError, VariableSource

# What has one of these as an annotation or a label, in any case of letters, kustomize-controller doesn't apply.
_LEFT_ALONE = (("kustomize.toolkit.fluxcd.io/reconcile", "disabled"), ("kustomize.toolkit.fluxcd.io/ssa", "ignore"))


@dataclass(frozen=True, slots=True)
class BuildInputs(Inputs):
    """What shapes a Kustomization's build beside the files."""

    variables: tuple[VariableSource, ...]
    strict: bool


class Kustomizations(Kind):
    """Builds each Kustomization from its source's artifact, with the variables that the cluster holds."""

    group = KUSTOMIZE_GROUP

    def __init__(self, state: State, substitution: Substitution) -> None:
        self._state = state
        self._substitution = substitution

    def uses(self, node: Node) -> Iterable[Key]:
        """Return its source, and what its variables come from."""
        yield from self._substitution.keys(node)
        if node.source is not None:
            yield (node.scope, node.source.kind, node.source.namespace, node.source.name)

    def plan(self, node: Node) -> Inputs | Failed | Skipped | Wait:
        """Find its source and its variables."""
        place = self._state.sourcing.locate(node, node.source, path=scalar(node.spec, "path"))
        if isinstance(place, Failed | Skipped):
            return place
        unresolved = _unresolved(node)
        if unresolved is not None:
            return unresolved
        variables = self._substitution.answers(node, self._state.has_unknown_parts)
        if isinstance(place, Wait):
            return place
        if variables is None:
            return Wait.OBJECT
        return BuildInputs(node.object, place, variables, self._state.strict)

    def request(self, node: Node, inputs: Inputs, tag: Callable[[Done], None]) -> BuildRequest:
        """Return its build."""
        assert isinstance(inputs, BuildInputs)  # noqa: S101  (they are this kind's own)
        tree = self._state.trees.open(inputs.place)
        return BuildRequest(
            tree,
            node.path,
            node.object,
            inputs.variables,
            inputs.strict,
            cacheable=not node.secrets,
            keys=self._state.settings.keys,
            tag=tag,
        )

    def accept(self, node: Node, answer: Rendered) -> Rendered:
        """Return what the build gave; what stands for unknown values in it is noted."""
        assert node.inputs is not None  # noqa: S101  (it was asked for)
        rendered = moved(answer, self._state.trees.translate(node.inputs.place))
        if not self._state.settings.keys.given:
            # Nobody said that there are keys for this.
            rendered.encrypted = tuple(encrypted for encrypted in rendered.encrypted if encrypted.problem != "key")
        for name, text in self._substitution.placeholders(node).items():
            if any(variable.name == name for variable in rendered.variables):
                rendered.placeholders[name] = text
        return rendered

    def failed(self, node: Node, error: RenderError) -> Failed | Skipped:
        """Say where the build went wrong."""
        assert node.inputs is not None  # noqa: S101  (it was asked for)
        return self._state.failures.of_build(node, error, self._state.trees.translate(node.inputs.place))

    def result(self, node: Node) -> Kustomization:
        """Return the Kustomization."""
        return Kustomization(
            id=ResourceId.of(node.object),
            object=node.object,
            location=node.location,
            outcome=node.settled,
            parent=node.parent.name if node.parent else None,
            chain=node.chain,
            directory=node.inputs.place.directory if node.inputs else None,
            implicit=node.implicit,
        )

    def is_applied(self, resource: Resource) -> bool:
        """Tell whether kustomize-controller applies an object: not where ``reconcile: disabled`` or ``ssa: Ignore``."""
        places = [mapping(resource.metadata, field) for field in ("annotations", "labels")]
        return not any(str(place.get(key) or "").lower() == value for place in places for key, value in _LEFT_ALONE)


def _unresolved(node: Node) -> Skipped | None:
    """Skip what an undeclared entry would have substituted: nobody here knows its ``postBuild``."""
    path = scalar(node.spec, "path")
    if "${" in path and node.parent is not None and node.parent.implicit:
        return Skipped(f"spec.path {path} is filled in by the entry's postBuild, which no file here declares")
    return None
