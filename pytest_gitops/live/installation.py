"""Flux's installation: what it holds beside its controllers, and what a repository says of its own."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path

import yaml

from pytest_gitops.exceptions import LiveError
from pytest_gitops.model import Cluster, JsonObject, Resource
from pytest_gitops.objects import listed, mapping, name_of, scalar

NAMESPACE = "flux-system"
ACCOUNTS = ("source-controller", "kustomize-controller", "helm-controller", "notification-controller")
# Source: cluster-reconciler of Flux 2.9's manifests/rbac. A Kustomization may name one of these accounts.
RECONCILERS = ("kustomize-controller", "helm-controller")
PART_OF = "app.kubernetes.io/part-of"
CONTROLLERS = ("source-controller", "kustomize-controller")
DISABLED = "kustomize.toolkit.fluxcd.io/reconcile"
DEFINITION = "CustomResourceDefinition"
# How soon what waits for a dependency looks again; Flux's own default is half a minute.
_REQUEUE = "--requeue-dependency"
_SOON = "1s"
EXPORT = "write it with flux install --export"


def installation() -> list[JsonObject]:
    """Return the namespace, the controllers' accounts and what those may do, in the order to apply them."""
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


def declared_installation(cluster: Cluster) -> list[JsonObject]:
    """Return the installation that a cluster's own Kustomization holds, as ``flux bootstrap`` writes it.

    That is gotk-components.yaml with the repository's patches; empty where no controllers are in it.
    """
    for part in cluster.kustomizations:
        own = [resource for resource in part.rendered or () if _is_of_flux(resource)]
        if {resource.name for resource in own if resource.kind == "Deployment"}.issuperset(CONTROLLERS):
            return [resource.object for resource in own]
    return []


def read_installation(path: Path) -> list[JsonObject]:
    """Return the objects of a file that ``flux install --export`` has written.

    Raises LiveError where it can't be read or holds no controllers.
    """
    try:
        documents = list(yaml.load_all(path.read_text(encoding="utf-8"), Loader=_LOADER))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise LiveError(f"the Flux installation {path} can't be read: {error}") from None
    objects = [each for each in documents if name_of(each) and scalar(each, "kind") and scalar(each, "apiVersion")]
    names = {name_of(obj) for obj in objects if obj["kind"] == "Deployment"}
    missing = [name for name in CONTROLLERS if name not in names]
    if missing:
        raise LiveError(f"{path} is no Flux installation, it has no {' and no '.join(missing)}: {EXPORT}")
    return objects


def installed(objects: Iterable[JsonObject]) -> list[JsonObject]:
    """Return an installation in the order to apply it, as one that Flux leaves alone and that waits less.

    The Kustomization that holds it would otherwise take it back to what the repository says, which may be of another
    version, and restart the controllers.
    """
    order = {"Namespace": 0, DEFINITION: 1, "Deployment": 3}
    return [_hurried(obj) for obj in sorted(map(left_alone, objects), key=lambda obj: order.get(obj["kind"], 2))]


def _is_of_flux(resource: Resource) -> bool:
    return scalar(mapping(resource.object, "metadata", "labels"), PART_OF) == "flux"


def left_alone(obj: JsonObject) -> JsonObject:
    """Return a copy of an object that no Kustomization of the cluster changes, though one may hold it too."""
    own = deepcopy(obj)
    own["metadata"]["annotations"] = {**mapping(obj, "metadata", "annotations"), DISABLED: "disabled"}
    return own


def _hurried(obj: JsonObject) -> JsonObject:
    if obj["kind"] == "Deployment" and name_of(obj) in RECONCILERS:
        for container in listed(mapping(obj, "spec", "template", "spec"), "containers"):
            if scalar(container, "name") == "manager":
                _hurry(container)
    return obj


def _hurry(container: JsonObject) -> None:
    """Give a controller a shorter wait for dependencies, where it says nothing of that."""
    given = listed(container, "args")
    if not any(str(argument).startswith(_REQUEUE) for argument in given):
        container["args"] = [*given, f"{_REQUEUE}={_SOON}"]


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
