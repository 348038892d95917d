"""Every substituted variable has a value."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.locating import Locator
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import Kustomization, Variable


@rule(
    "unset-variable",
    set="recommended",
    severity="warning",
    scope=Scope.KUSTOMIZATION,
    description="Every variable that is substituted has a value. Before Flux 2.9 an unset one is replaced by nothing, "
    "in silence; from 2.9 on the Kustomization fails.",
    remedy="Give the variable a value, or a default: `${VARIABLE:=default}`. For a literal `${VARIABLE}` write "
    "`$${VARIABLE}`.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: example, namespace: flux-system}
spec:
  interval: 1h
  prune: true
  path: ./example
  postBuild: {substitute: {quote: '"', port: "8080"}}
  sourceRef: {kind: GitRepository, name: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
data:
  port: "port ${prt:=8080}"
"""
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: example, namespace: flux-system}
spec:
  interval: 1h
  prune: true
  path: ./example
  postBuild: {substitute: {quote: '"', port: "8080"}}
  sourceRef: {kind: GitRepository, name: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
data:
  port: "port ${prt}"
"""
    ],
)
def unset_variable(kustomization: Kustomization, context: Context) -> Iterator[Violation]:
    """Yield a violation for each variable that nothing sets, at its first use."""
    for variable in kustomization.rendered.variables if kustomization.rendered else ():
        if variable.source == "unset" and not _is_documentation(kustomization, variable):
            yield _violation(kustomization, variable, context)


def _is_documentation(kustomization: Kustomization, variable: Variable) -> bool:
    """Tell whether a variable is only what descriptions in CustomResourceDefinitions speak of."""
    resources = kustomization.rendered.resources if kustomization.rendered else ()
    used = [resources[index] for index in variable.resources]
    return bool(used) and all(resource.kind == "CustomResourceDefinition" for resource in used)


def _violation(kustomization: Kustomization, variable: Variable, context: Context) -> Violation:
    message = f"variable {variable.name} is not set, and replaced by nothing"
    rendered = kustomization.rendered
    if rendered is None or not variable.resources:
        return Violation(message)
    resource = rendered.resources[variable.resources[0]]
    place = Locator(context.fleet.files).use(context.cluster, resource, kustomization, variable.name)
    return Violation(message, subject=resource, location=place)
