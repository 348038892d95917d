"""A variable's value holds no variable itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.rule import FieldPath, Scope, Violation, rule
from pytest_gitops.model import Kustomization, Resource

_EXPRESSION = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)")


@rule(
    "nested-variable",
    set="recommended",
    severity="warning",
    scope=Scope.KUSTOMIZATION,
    description="The value of a variable holds no other variable of the same Kustomization. Flux substitutes once: "
    "what is in a value stays there as `${NAME}`.",
    remedy="Write the value out, or have the Kustomization that declares this one substitute it.",
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
  postBuild: {substitute: {domain: example.org, host: "web.example.org", shell: "${HOME}"}}
  sourceRef: {kind: GitRepository, name: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
data:
  host: ${host}
  home: ${shell}
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
  postBuild: {substitute: {domain: example.org, host: "web.${domain}"}}
  sourceRef: {kind: GitRepository, name: flux-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: apps}
data:
  host: ${host}
"""
    ],
)
def nested_variable(kustomization: Kustomization, context: Context) -> Iterator[Violation]:
    """Yield a violation for each value in use that holds a variable which the Kustomization has as well."""
    rendered = kustomization.rendered
    used = {variable.name for variable in rendered.variables} if rendered is not None else set()
    values = dict(_values(kustomization, context)) if used else {}
    for name, (value, path, subject) in values.items():
        held = next((found for found in _EXPRESSION.findall(value) if found in values), None)
        if name in used and held is not None:
            message = f"the value of variable {name} holds ${{{held}}}, which is not substituted in turn"
            yield Violation(message, path, subject)


def _values(
    kustomization: Kustomization, context: Context
) -> Iterator[tuple[str, tuple[str, FieldPath, Resource | None]]]:
    """Yield name, value and field of each variable that Git tells of; of one name the last counts, as for Flux."""
    post_build: Any = kustomization.spec.get("postBuild")
    given = post_build if isinstance(post_build, dict) else {}
    for entry in given.get("substituteFrom") or ():
        if isinstance(entry, dict) and entry.get("kind") == "ConfigMap":
            # Read where Kustomizations are, whichever cluster they apply to.
            hub = context.cluster.targets[""]
            owned = hub.get("ConfigMap", kustomization.id.namespace, str(entry.get("name")))
            for name, value in ((owned.resource.get("data") or {}) if owned else {}).items():
                yield str(name), (str(value), ("data", name), owned.resource if owned else None)
    for name, value in (given.get("substitute") or {}).items():
        yield str(name), (str(value), ("spec", "postBuild", "substitute", name), None)
