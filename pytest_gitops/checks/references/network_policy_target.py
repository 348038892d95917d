"""A NetworkPolicy applies to pods, and to ports that they have."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context, is_unknown
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._workloads import described, nothing_selected, pods
from pytest_gitops.checks.references.service_port import port_names
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource, Severity
from pytest_gitops.selectors import selects


@rule(
    "network-policy-target",
    check="references",
    set="recommended",
    severity="warning",
    kinds=("NetworkPolicy",),
    description="The labels of a NetworkPolicy's `podSelector` are those of a pod of its namespace, and the ports that "
    "`ingress` names are among that pod's. Otherwise it neither protects nor allows anything.",
    remedy="Make the selector equal to labels of the workload's pod template, and the port to the name of one of its "
    "ports.",
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    passing=[
        """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: apps}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: http}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps, labels: {app: web}}
spec: {containers: [{name: web, ports: [{name: http, containerPort: 80}]}]}
"""
    ],
    failing=[
        """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: apps}
spec: {podSelector: {matchLabels: {app: webb}}}
""",
        """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: apps}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: htp}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps, labels: {app: web}}
spec: {containers: [{name: web, ports: [{name: http, containerPort: 80}]}]}
""",
    ],
)
def network_policy_target(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation where no pod is selected, or for each port that those selected don't name."""
    selector = mapping(resource.spec, "podSelector")
    labels = mapping(selector, "matchLabels")
    if not labels or any(map(is_unknown, labels.values())):
        return
    selected = [pod for pod, found in pods(context.cluster, resource.namespace) if selects(selector, found)]
    policy = f"NetworkPolicy {resource.name}"
    if not selected:
        message = f"{policy} applies to no pod: none in {resource.namespace} has {described(labels)}"
        path = ("spec", "podSelector", "matchLabels")
        yield from nothing_selected(context.cluster, resource, message, path, Severity.WARNING, wanted=labels)
        return
    names = list(dict.fromkeys(name for pod in selected for name in port_names(pod)))
    for index, entry in mappings(resource.spec.get("ingress")):
        for position, allowed in mappings(entry.get("ports")):
            port = allowed.get("port")
            if isinstance(port, str) and port not in names and not is_unknown(port):
                message = f"{policy} allows port {port}; its pods have {', '.join(names) or 'no port with a name'}"
                yield Violation(message, ("spec", "ingress", index, "ports", position, "port"))
