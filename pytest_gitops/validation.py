"""The engine's verdicts on every object of a fleet, as hits of the schema rules."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pytest_gitops.checks.context import ClusterIndex, FleetIndex
from pytest_gitops.checks.results import Hit
from pytest_gitops.checks.rule import Rule, Violation
from pytest_gitops.checks.schema import engine_rules
from pytest_gitops.model import Failed, HelmRelease, JsonObject, Kustomization, Location, Part, Resource, Severity
from pytest_gitops.rendering.protocol import RenderError, RendererUnavailableError
from pytest_gitops.rendering.standby import Standby
from pytest_gitops.rendering.validator import Knowledge, Validator

_DECLARED = {rule.id: rule for rule in vars(engine_rules).values() if isinstance(rule, Rule)}
_Reader = tuple[ClusterIndex | None, Kustomization | None]
_VALUES = ("schema-type", "schema-value")  # the value is at fault, not the field
_LISTED = 12


@dataclass(frozen=True, slots=True)
class _Batch:
    """The objects of one part of one cluster, judged for one version of Kubernetes."""

    cluster: ClusterIndex
    part: Part
    resources: tuple[Resource, ...]
    version: str


@dataclass(slots=True)
class _Tally:
    """What is told once a run rather than once an object."""

    unjudged: Counter[str] = field(default_factory=Counter)
    failures: dict[str, None] = field(default_factory=dict)
    broken: dict[str, Violation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchemaJudge:
    """Asks an engine what each API server would say; yields hits of the rules that are on.

    ``versions`` are Kubernetes versions to judge every cluster for; where none is given, the one that the
    configuration says, else the newest that is known. ``folders`` hold further schemas. ``cache`` keeps verdicts,
    ``standby`` the engine.
    """

    versions: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    cache: Path | None = None
    standby: Standby | None = None

    def __call__(self, index: FleetIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
        """Yield a hit for each finding of a rule that is among ``rules``."""
        active = {rule.id: rule for rule in rules if rule.id in _DECLARED}
        if not active:
            return
        try:
            with closing(Validator(self.cache, self.standby)) as validator:
                yield from _Run(self, validator, active).hits(index)
        except RendererUnavailableError as error:
            yield from _general(active, f"objects are not validated: {error}")

    def versions_for(self, target: ClusterIndex) -> tuple[str, ...]:
        """Return the Kubernetes versions that a cluster's objects are judged for, empty where the newest is meant."""
        return self.versions or (str(target.cluster.settings.get("kubernetes_version") or ""),)

    def knowledge(self, target: ClusterIndex, version: str) -> Knowledge:
        """Return what a cluster knows of kinds in one version of Kubernetes."""
        definitions = target.of_kind("CustomResourceDefinition.apiextensions.k8s.io")
        return Knowledge(
            kubernetes=version,
            flux="" if target.remote else target.cluster.flux_version or "",
            definitions=tuple(dict.fromkeys(owned.resource.text for owned in definitions)),
            folders=self.folders,
        )


class _Run:
    """One run over one fleet."""

    def __init__(self, judge: SchemaJudge, validator: Validator, rules: Mapping[str, Rule]) -> None:
        self._judge = judge
        self._validator = validator
        self._rules = rules
        self._tally = _Tally()

    def hits(self, index: FleetIndex) -> Iterator[Hit]:
        """Yield what the engine says of all clusters."""
        yield from self._linted(index)
        opened = list(self._opened(index))
        batches: dict[int, list[_Batch]] = {}
        tickets: dict[tuple[int, bool, tuple[str, ...]], int] = {}
        for handle, batch in opened:
            texts = tuple(resource.text for resource in batch.resources)
            # Helm gives what names no namespace the release's, flux-operator the ResourceSet's.
            namespaces = isinstance(batch.part, Kustomization)
            ticket = tickets.get((handle, namespaces, texts))
            if ticket is None:
                open_to_all = not (batch.part.rendered and batch.part.rendered.secrets)
                ticket = self._validator.submit(handle, texts, namespaces=namespaces, cacheable=open_to_all)
                tickets[handle, namespaces, texts] = ticket
            batches.setdefault(ticket, []).append(batch)
        verdicts = {verdict.ticket: verdict for verdict in self._validator.verdicts()}
        for ticket, shared in batches.items():
            verdict = verdicts.get(ticket)
            for batch in shared if verdict else ():
                yield from self._of(batch, verdict.findings if verdict else ())
            if verdict and verdict.error:
                self._fail(verdict.error)
        for verdict in verdicts.values():
            if verdict.ticket not in batches and verdict.error:
                self._fail(verdict.error)
        yield from self._told_once()

    def _linted(self, index: FleetIndex) -> Iterator[Hit]:
        """Yield what is passed over in kustomization files and patches, for every Kustomization that reads the file."""
        if not self._rules.keys() & {engine_rules.duplicate_key.id, engine_rules.overlay_unknown_field.id}:
            return
        lint = self._validator.lint(index.fleet.root)
        nobody: list[_Reader] = [(None, None)]
        if rule := self._rules.get(engine_rules.duplicate_key.id):
            for found in lint.duplicates:
                message = f"{found['key']} is set on line {found['first']} already"
                violation = Violation(message, location=Location(found["file"], found["line"]))
                for cluster, kustomization in _readers(index, found["file"]) or nobody:
                    yield Hit(rule, violation, cluster, kustomization)
        if rule := self._rules.get(engine_rules.overlay_unknown_field.id):
            for found in lint.unknown:
                for cluster, kustomization in (*_readers(index, found["file"]), *_broken(index, found["file"])):
                    yield Hit(rule, _unknown_field(found, rule), cluster, kustomization)

    def _opened(self, index: FleetIndex) -> Iterator[tuple[int, _Batch]]:
        """Yield the objects of every part with the handle of what its cluster knows."""
        for cluster in index.clusters:
            for target in cluster.targets.values():
                for version in self._judge.versions_for(target):
                    yield from self._target(target, version)

    def _target(self, target: ClusterIndex, version: str) -> Iterator[tuple[int, _Batch]]:
        answer = self._validator.open(self._judge.knowledge(target, version))
        if isinstance(answer, RenderError):
            self._fail(answer)
            return
        handle, findings = answer
        for finding in findings:
            self._break(finding)
        for part in target.parts:
            # Helm creates hooks as it creates all else, and the API server judges them alike.
            hooks = part.hooks if isinstance(part, HelmRelease) else ()
            if part.rendered is not None and (part.rendered.resources or hooks):
                yield handle, _Batch(target, part, (*part.rendered.resources, *hooks), version)

    def _of(self, batch: _Batch, findings: Sequence[Sequence[JsonObject]]) -> Iterator[Hit]:
        for resource, found in zip(batch.resources, findings, strict=False):
            for finding in found:
                yield from self._hit(batch, resource, finding)

    def _hit(self, batch: _Batch, resource: Resource, finding: JsonObject) -> Iterator[Hit]:
        id = str(finding["rule"])
        if id == engine_rules.unavailable.id:
            if batch.version in self._judge.versions[1:]:
                return
            self._tally.unjudged[str(finding.get("value") or finding["message"])] += 1
        elif id == engine_rules.definition.id:
            self._break(finding)
        elif rule := self._rules.get(id):
            yield Hit(rule, self._violation(batch, resource, finding, rule), batch.cluster, batch.part, resource)

    def _violation(self, batch: _Batch, resource: Resource, finding: JsonObject, rule: Rule) -> Violation:
        severity = Severity(finding["severity"])
        declared = _DECLARED[rule.id].severity
        several = f" (Kubernetes {batch.version})" if len(self._judge.versions) > 1 else ""
        return Violation(
            f"{resource.kind} {resource.name}: {finding['message']}{several}",
            tuple(finding["path"]),
            resource,
            remedy=_sentence(finding.get("remedy")),
            severity=severity if severity is not declared and rule.severity is declared else None,
            value=rule.id in _VALUES,
        )

    def _break(self, finding: JsonObject) -> None:
        message = str(finding["message"])
        self._tally.broken.setdefault(message, Violation(message, remedy=_sentence(finding.get("remedy"))))

    def _fail(self, error: RenderError) -> None:
        self._tally.failures[error.message] = None

    def _told_once(self) -> Iterator[Hit]:
        if rule := self._rules.get(engine_rules.definition.id):
            for violation in self._tally.broken.values():
                yield Hit(rule, violation, None)
        for message in self._tally.failures:
            yield from _general(self._rules, f"objects are not validated: {message}", Severity.ERROR)
        if self._tally.unjudged:
            counts = sorted(self._tally.unjudged.items(), key=lambda item: (-item[1], item[0]))
            listed = ", ".join(f"{kind} ({count})" for kind, count in counts[:_LISTED])
            more = f" and {len(counts) - _LISTED} more kinds" if len(counts) > _LISTED else ""
            total = self._tally.unjudged.total()
            yield from _general(self._rules, f"{total} objects are of kinds without a known schema: {listed}{more}")


def _unknown_field(found: JsonObject, rule: Rule) -> Violation:
    within = f"{found['within']} has" if found["within"] else "kustomization files have"
    return Violation(
        f"{within} no field {found['key']}: kustomize-controller drops it, kustomize refuses it",
        location=Location(found["file"], found["line"]),
        remedy=f"Did you mean {found['nearest']}?" if found["nearest"] else None,
        severity=None if found["nearest"] or rule.severity is not Severity.ERROR else Severity.WARNING,
    )


def _readers(index: FleetIndex, file: str) -> Sequence[_Reader]:
    return [
        (cluster, kustomization)
        for cluster in index.clusters
        for kustomization in cluster.cluster.kustomizations
        if kustomization.rendered is not None and file in kustomization.rendered.reads
    ]


def _broken(index: FleetIndex, file: str) -> Iterator[_Reader]:
    """Yield the Kustomizations that do not build whose path leads to a kustomization file: it may be the cause."""
    for cluster in index.clusters:
        for kustomization in cluster.cluster.kustomizations:
            if isinstance(kustomization.outcome, Failed) and kustomization.path == posixpath.dirname(file):
                yield cluster, kustomization


def _general(rules: Mapping[str, Rule], message: str, severity: Severity | None = None) -> Iterator[Hit]:
    if rule := rules.get(engine_rules.unavailable.id):
        yield Hit(rule, Violation(message, severity=severity), None)


def _sentence(remedy: object) -> str | None:
    text = str(remedy or "")
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else None
