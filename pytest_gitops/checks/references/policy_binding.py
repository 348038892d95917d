"""The admission policy that a binding puts into force is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context
from pytest_gitops.checks.references._lookup import absent, named
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "policy-binding",
    check="references",
    set="essential",
    severity="error",
    kinds=("ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicyBinding"),
    description="The policy that a ValidatingAdmissionPolicyBinding or MutatingAdmissionPolicyBinding names exists; a "
    "binding of none is in no force, without a word.",
    remedy="Create the policy, or correct the name.",
    source="https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/",
    passing=[
        """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: replicas}
spec: {policyName: replicas}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: replicas}
"""
    ],
    failing=[
        """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: replicas}
spec: {policyName: replicas}
"""
    ],
)
def policy_binding(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where the policy does not exist."""
    kind, name = resource.kind.removesuffix("Binding"), named(resource.spec.get("policyName"))
    if name:
        message = f"{resource.kind} {resource.name} binds the {kind} {name}, which does not exist"
        yield from absent(context.cluster, kind, "", name, message=message, path=("spec", "policyName"))
