"""What a Flux installation holds beside its controllers: the namespace, their accounts, and what those may do."""

from __future__ import annotations

from pytest_gitops.model import JsonObject

NAMESPACE = "flux-system"
ACCOUNTS = ("source-controller", "kustomize-controller", "helm-controller", "notification-controller")
# Source: cluster-reconciler of Flux 2.9's manifests/rbac. A Kustomization may name one of these accounts.
RECONCILERS = ("kustomize-controller", "helm-controller")


def installation() -> list[JsonObject]:
    """Return the objects, in the order in which they can be applied."""
    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}}
        for name in ACCOUNTS
    ]
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"cluster-reconciler-{NAMESPACE}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE} for name in RECONCILERS],
    }
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, *accounts, binding]


def node() -> JsonObject:
    """Return a node, for clusters in which nodes are simulated."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}}
