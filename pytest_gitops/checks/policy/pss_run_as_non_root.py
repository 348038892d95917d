"""No container runs as root."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers, mapping, pod_spec
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "pss-run-as-non-root",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Restricted: every container must run as another user than root, by its own or its pod's setting.",
    remedy="Set `securityContext.runAsNonRoot: true` on the pod.",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {securityContext: {runAsNonRoot: true}, containers: [{name: web, image: "web:1"}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec:
  securityContext: {runAsNonRoot: true}
  containers: [{name: web, image: "web:1", securityContext: {runAsNonRoot: false}}]
""",
    ],
)
def pss_run_as_non_root(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each container that may run as root."""
    of_pod = mapping(pod_spec(resource)[1], "securityContext").get("runAsNonRoot")
    for path, container in all_containers(resource):
        own = mapping(container, "securityContext").get("runAsNonRoot")
        if (of_pod if own is None else own) is not True:
            message = f"container {container.get('name')} may run as root"
            yield Violation(message, (*path, "securityContext", "runAsNonRoot"))
