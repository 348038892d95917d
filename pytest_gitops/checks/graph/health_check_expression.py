"""CEL expressions of health checks and dependencies can be read."""

from __future__ import annotations

from pytest_gitops.checks.rule import Rule
from pytest_gitops.model import Severity

health_check_expression = Rule(
    id="health-check-expression",
    check="graph",
    set="essential",
    severity=Severity.ERROR,
    description="The CEL expressions of `healthCheckExprs` are ones that Flux can parse, and those of `readyExpr` "
    "compile to a bool over `self` and `dep`. Otherwise the object never becomes Ready. They are judged by the library "
    "and in the environment of Flux's controllers.",
    remedy="Correct the expression; https://fluxcd.io/flux/cheatsheets/cel-healthchecks/ has working ones.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#health-check-expressions",
)
