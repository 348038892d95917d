"""AppArmor stays on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import mapping, pod_template, security_contexts
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"


@rule(
    "pss-apparmor",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Baseline: no pod and no container turns AppArmor off; its profile is the runtime's default or a "
    "local one.",
    remedy="Remove the profile, or use `RuntimeDefault` or `Localhost`.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {appArmorProfile: {type: RuntimeDefault}}}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {appArmorProfile: {type: Unconfined}}}]}
""",
    ],
)
def pss_apparmor(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each profile that is neither the runtime's default nor a local one."""
    for path, context in security_contexts(resource):
        kind = mapping(context, "appArmorProfile").get("type")
        if kind not in (None, "RuntimeDefault", "Localhost"):
            yield Violation(f"AppArmor profile {kind}", (*path, "appArmorProfile", "type"))
    path, template = pod_template(resource)
    for key, value in mapping(template, "metadata", "annotations").items():
        if key.startswith(_ANNOTATION) and not re.match(r"(runtime/default$|localhost/|$)", str(value)):
            yield Violation(f"AppArmor profile {value}", (*path, "metadata", "annotations", key))
