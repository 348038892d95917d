"""No user 0."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import security_contexts
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "pss-run-as-user",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Restricted: neither pods nor containers ask for the user 0.",
    remedy="Give `runAsUser` another number, or remove it.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {runAsUser: 1000}}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {runAsUser: 0}}]}
""",
    ],
)
def pss_run_as_user(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each security context with user 0."""
    for path, context in security_contexts(resource):
        if context.get("runAsUser") == 0 and context.get("runAsUser") is not False:
            yield Violation("runs as user 0", (*path, "runAsUser"))
