"""What the cluster's own ValidatingAdmissionPolicies refuse is told before the merge."""

from __future__ import annotations

from pytest_gitops.checks.rule import Rule
from pytest_gitops.model import Severity

admission_policy = Rule(
    id="admission-policy",
    check="policy",
    set="essential",
    severity=Severity.ERROR,
    description="Objects keep the ValidatingAdmissionPolicies (CEL) that the repository gives their cluster, as the "
    "API server's own code evaluates them. A binding's `Deny` is an error, `Warn` a warning, `Audit` an info. Policies "
    "that ask who applies an object (`authorizer`, `request.userInfo`) are left out: no repository tells.",
    remedy="Change the object so that the policy holds, or exclude it in the policy's binding.",
    source="https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/",
)
