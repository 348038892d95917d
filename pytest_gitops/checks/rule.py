"""What a rule is: its metadata, the function that looks, and what the function says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from pytest_gitops.model import Location, Part, Resource, Severity

FieldPath = tuple[str | int, ...]


class Scope(Enum):
    """What a rule looks at, one at a time."""

    RESOURCE = "resource"
    KUSTOMIZATION = "kustomization"
    CLUSTER = "cluster"
    FILE = "file"
    CHANGE = "change"
    PART_CHANGE = "part-change"
    CLUSTER_CHANGE = "cluster-change"


CHECKS = ("schema", "references", "policy", "graph", "review", "apply", "reconcile")
SETS = ("essential", "recommended", "strict", "own")


@dataclass(frozen=True, slots=True)
class Violation:
    """One break of a rule: what is wrong, and which field of which object holds it.

    ``path`` is the field within the object, for example ``("spec", "containers", 0, "image")``; of a field that
    is missing, the path it would have. ``subject`` is the object, by default the one the rule was called with.
    ``location`` is for what is no field of an object; else it is found from subject and path. ``related`` are
    further places that explain it. ``remedy`` and ``severity`` replace the rule's own. ``value`` says that the
    value is at fault rather than the field, so that a substituted value is told where it is declared.
    """

    message: str
    path: FieldPath = ()
    subject: Resource | Part | None = None
    location: Location | None = None
    related: tuple[Location, ...] = ()
    remedy: str | None = None
    severity: Severity | None = None
    value: bool = False


RuleFunction = Callable[..., Iterable[Violation]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what it is called, what it looks at, why, and the function that yields its violations.

    ``kinds`` are kinds (``Deployment``), kinds with their group (``Cluster.postgresql.cnpg.io``) or ``*``;
    ``files`` are glob patterns of file names and ``contains`` a regular expression (lines anchored) that a file's text
    must match somewhere to be judged.
    ``passing`` and ``failing`` are examples: YAML documents, each on its own judged as said.
    ``supersedes`` are rules that tell the same worse: of a field that this one has something to say of, they say
    nothing. ``function`` is None for a rule that an engine judges; it is listed and configured like any other.
    """

    id: str
    check: str
    set: str
    severity: Severity
    description: str
    remedy: str
    source: str
    scope: Scope = Scope.RESOURCE
    kinds: tuple[str, ...] = ("*",)
    files: tuple[str, ...] = ("*.yaml", "*.yml")
    contains: str = ""
    passing: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    function: RuleFunction | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    takes_context: bool = True
    supersedes: tuple[str, ...] = ()

    def __call__(self, subject: object, context: object) -> Iterable[Violation]:
        """Yield the violations of ``subject``; nothing for a rule that an engine judges."""
        if self.function is None:
            return ()
        if self.takes_context:
            return self.function(subject, context, **self.parameters)
        return self.function(subject, **self.parameters)

    def configured(self, *, severity: Severity | None = None, parameters: Mapping[str, Any] | None = None) -> Rule:
        """Return the rule with another severity and other parameters."""
        return replace(self, severity=severity or self.severity, parameters={**self.parameters, **(parameters or {})})


def rule(
    id: str,
    *,
    description: str,
    check: str = "policy",
    set: str = "own",
    severity: Severity | str = Severity.ERROR,
    remedy: str = "",
    source: str = "",
    scope: Scope | str = Scope.RESOURCE,
    kinds: Iterable[str] = ("*",),
    files: Iterable[str] = ("*.yaml", "*.yml"),
    contains: str = "",
    passing: Iterable[str] = (),
    failing: Iterable[str] = (),
    supersedes: Iterable[str] = (),
) -> Callable[[RuleFunction], Rule]:
    """Make a rule of a function that yields violations.

    The function takes what ``scope`` says (a Resource, Kustomization, ClusterIndex or SourceFile; for the check
    ``review`` a Change, PartPair or ClusterComparison) and, if it has a second parameter, the Context (for the check
    ``review`` the ClusterComparison). Its keyword-only parameters are the rule's parameters: users set
    them in the configuration, their defaults say what is usual and which type is meant.

    Raises ValueError for an unknown check or set, an id that isn't lower case with dashes, or a
    function that takes neither one nor two arguments.
    """
    _refuse_unknown("check", check, CHECKS)
    _refuse_unknown("set", set, SETS)
    if not id.replace("-", "").isalnum() or id != id.lower():
        raise ValueError(f"rule id {id!r}: lower-case words joined by dashes are wanted, as in 'image-tag'")

    def declare(function: RuleFunction) -> Rule:
        positional, parameters = _signature(id, function)
        return Rule(
            id=id,
            check=check,
            set=set,
            severity=Severity(severity),
            description=description,
            remedy=remedy,
            source=source,
            scope=Scope(scope),
            kinds=tuple(kinds),
            files=tuple(files),
            contains=contains,
            passing=tuple(passing),
            failing=tuple(failing),
            supersedes=tuple(supersedes),
            function=function,
            parameters=parameters,
            takes_context=positional > 1,
        )

    return declare


def _refuse_unknown(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{what} {value!r} is not one of {', '.join(choices)}")


def _signature(name: str, function: RuleFunction) -> tuple[int, dict[str, Any]]:
    """Return the number of positional parameters, and the keyword-only ones with their defaults."""
    parameters = inspect.signature(function).parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(positional) not in (1, 2):
        raise ValueError(
            f"rule {name!r}: its function takes {len(positional)} arguments, not (subject) or (subject, context)"
        )
    return len(positional), {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
