"""The engine's verdicts by the ValidatingAdmissionPolicies that a cluster holds, as hits of one rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from pytest_gitops.checks.context import ClusterIndex, FleetIndex, Owned
from pytest_gitops.checks.policy.admission_policy import admission_policy
from pytest_gitops.checks.results import Hit
from pytest_gitops.checks.rule import Rule, Violation
from pytest_gitops.model import JsonObject, Severity
from pytest_gitops.rendering.protocol import RenderError, RendererUnavailableError
from pytest_gitops.rendering.standby import Standby
from pytest_gitops.rendering.validator import Validator

_POLICY = "ValidatingAdmissionPolicy"
_BINDING = "ValidatingAdmissionPolicyBinding"
_SEVERITIES = {"Deny": Severity.ERROR, "Warn": Severity.WARNING, "Audit": Severity.INFO}


@dataclass(frozen=True, slots=True)
class AdmissionJudge:
    """Asks an engine what the policies of each cluster say of its objects; starts none where there are no policies.

    ``standby`` keeps the engine.
    """

    standby: Standby | None = None

    def __call__(self, index: FleetIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
        """Yield a hit for each object that a bound policy refuses, warns of or records."""
        rule = next((rule for rule in rules if rule.id == admission_policy.id), None)
        clusters = [target for cluster in index.clusters for target in cluster.targets.values()]
        governed = [cluster for cluster in clusters if any(cluster.of_kind(_POLICY))]
        if rule is None or not governed:
            return
        try:
            with closing(Validator(standby=self.standby)) as engine:
                for cluster in governed:
                    yield from _judged(rule, cluster, engine)
        except RendererUnavailableError as error:
            message = f"admission policies were not evaluated: {error}"
            yield Hit(rule, Violation(message, severity=Severity.WARNING), None)


def _judged(rule: Rule, cluster: ClusterIndex, engine: Validator) -> Iterator[Hit]:
    answer = engine.admit(
        [owned.resource.text for owned in cluster.resources],
        policies=_texts(cluster, _POLICY),
        bindings=_texts(cluster, _BINDING),
        namespaces=_texts(cluster, "Namespace"),
        parameters=[text for kind in sorted(_parameter_kinds(cluster)) for text in _texts(cluster, kind)],
    )
    if isinstance(answer, RenderError):
        message = f"admission policies were not evaluated: {answer.message}"
        yield Hit(rule, Violation(message, severity=Severity.WARNING), cluster)
        return
    for owned, findings in zip(cluster.resources, answer, strict=True):
        for finding in findings:
            yield _hit(rule, cluster, owned, finding)


def _texts(cluster: ClusterIndex, kind: str) -> list[str]:
    return [owned.resource.text for owned in cluster.of_kind(kind)]


def _parameter_kinds(cluster: ClusterIndex) -> set[str]:
    """Return the kinds that policies take parameters of, as ``of_kind`` wants them."""
    found = (owned.resource.spec.get("paramKind") or {} for owned in cluster.of_kind(_POLICY))
    pairs = ((str(kind.get("kind")), str(kind.get("apiVersion"))) for kind in found if kind)
    return {f"{kind}.{version.rpartition('/')[0]}" if "/" in version else kind for kind, version in pairs}


def _hit(rule: Rule, cluster: ClusterIndex, owned: Owned, finding: JsonObject) -> Hit:
    severities = [_SEVERITIES[action] for action in finding["actions"] if action in _SEVERITIES]
    severity = min(severities, key=list(Severity).index, default=Severity.ERROR)
    resource = owned.resource
    message = f"{resource.kind} {resource.name}: policy {finding['policy']}: {finding['message']}"
    lowered = severity if severity is not Severity.ERROR else None
    return Hit(rule, Violation(message, severity=lowered), cluster, owned.owner, resource)
