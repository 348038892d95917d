"""All capabilities are dropped."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers, is_windows, mapping
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "pss-drop-capabilities",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Restricted: containers of Linux pods drop all capabilities, and add none but NET_BIND_SERVICE.",
    remedy="Set `securityContext.capabilities.drop: [ALL]` on the container.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec:
  containers:
    - {name: web, image: "web:1", securityContext: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1", securityContext: {capabilities: {drop: [NET_RAW]}}}]}
""",
    ],
)
def pss_drop_capabilities(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each container that keeps capabilities, and each that adds one."""
    for path, container in () if is_windows(resource) else all_containers(resource):
        capabilities = mapping(container, "securityContext", "capabilities")
        where = (*path, "securityContext", "capabilities")
        if "ALL" not in (capabilities.get("drop") or ()):
            yield Violation(f"container {container.get('name')} doesn't drop all capabilities", (*where, "drop"))
        for index, added in enumerate(capabilities.get("add") or ()):
            if added != "NET_BIND_SERVICE":
                message = f"container {container.get('name')} adds the capability {added}"
                yield Violation(message, (*where, "add", index))
