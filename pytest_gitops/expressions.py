"""The engine's verdicts on CEL expressions that tell when an object is healthy, or ready to be depended on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from pytest_gitops.checks.context import ClusterIndex, FleetIndex, is_unknown
from pytest_gitops.checks.graph.health_check_expression import health_check_expression
from pytest_gitops.checks.results import Hit
from pytest_gitops.checks.rule import FieldPath, Rule, Violation
from pytest_gitops.model import Kustomization, Part, Resource, Severity
from pytest_gitops.rendering.protocol import RenderError, RendererUnavailableError
from pytest_gitops.rendering.standby import Standby
from pytest_gitops.rendering.validator import Validator

_HEALTH = ("current", "inProgress", "failed")
# The variables of readyExpr (kustomize-controller 1.9, helm-controller 1.6); those of a health check, and of a
# ResourceSet's readyExpr, are the object's fields.
_READY = ("self", "dep")


@dataclass(frozen=True, slots=True)
class _Expression:
    cluster: ClusterIndex
    part: Part
    subject: Kustomization | Resource
    path: FieldPath
    text: str

    @property
    def given(self) -> tuple[str, tuple[str, ...]]:
        """The text, and the variables it may use; without any it is parsed only."""
        of_flux = self.path[-1] == "readyExpr" and self.subject.id.kind != "ResourceSet"
        return self.text, _READY if of_flux else ()


@dataclass(frozen=True, slots=True)
class ExpressionJudge:
    """Asks an engine whether Flux can read a fleet's expressions; starts none where there are none.

    ``standby`` keeps the engine.
    """

    standby: Standby | None = None

    def __call__(self, index: FleetIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
        """Yield a hit for each expression that Flux can't read."""
        rule = next((rule for rule in rules if rule.id == health_check_expression.id), None)
        expressions = [found for cluster in index.clusters for found in _of_cluster(cluster)] if rule else []
        if rule is None or not expressions:
            return
        problems = _problems([expression.given for expression in expressions], self.standby)
        if isinstance(problems, str):
            message = f"CEL expressions were not compiled: {problems}"
            yield Hit(rule, Violation(message, severity=Severity.WARNING), None)
            return
        for expression, problem in zip(expressions, problems, strict=True):
            if problem:
                yield _hit(rule, expression, problem)


def _problems(given: Sequence[tuple[str, tuple[str, ...]]], standby: Standby | None) -> Sequence[str] | str:
    """Return what is wrong with each expression, or why that can't be told."""
    distinct = list(dict.fromkeys(given))
    try:
        with closing(Validator(standby=standby)) as engine:
            answer = engine.compile(distinct)
    except RendererUnavailableError as error:
        return str(error)
    if isinstance(answer, RenderError):
        return answer.message
    known = dict(zip(distinct, answer, strict=True))
    return [known[each] for each in given]


def _of_cluster(cluster: ClusterIndex) -> Iterator[_Expression]:
    for target in cluster.targets.values():
        for kustomization in target.kustomizations:
            for path, text in _expressions(kustomization.spec):
                yield _Expression(target, kustomization, kustomization, path, text)
        for owned in target.of_kind("HelmRelease", "ResourceSet.fluxcd.controlplane.io"):
            for path, text in _expressions(owned.resource.spec):
                yield _Expression(target, owned.owner, owned.resource, path, text)


def _expressions(spec: dict[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    for field, keys in (("healthCheckExprs", _HEALTH), ("dependsOn", ("readyExpr",))):
        entries = spec.get(field)
        for position, entry in enumerate(entries if isinstance(entries, list) else ()):
            for key in keys if isinstance(entry, dict) else ():
                if isinstance(text := entry.get(key), str) and text and not is_unknown(text):
                    yield ("spec", field, position, key), text


def _hit(rule: Rule, expression: _Expression, problem: str) -> Hit:
    subject = expression.subject
    message = (
        f"{subject.id.kind} {subject.id.namespace}/{subject.id.name}: Flux can't read the expression "
        f"{expression.path[-1]}: {problem}"
    )
    return Hit(rule, Violation(message, expression.path), expression.cluster, expression.part, subject)
