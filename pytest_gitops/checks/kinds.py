"""The kinds that Kubernetes and Flux bring along: their group, and whether they live in a namespace."""

from __future__ import annotations

_NAMESPACED = {
    "": "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController "
    "ResourceQuota Secret Service ServiceAccount",
    "apps": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling": "HorizontalPodAutoscaler",
    "batch": "CronJob Job",
    "coordination.k8s.io": "Lease",
    "discovery.k8s.io": "EndpointSlice",
    "networking.k8s.io": "Ingress NetworkPolicy",
    "policy": "PodDisruptionBudget",
    "rbac.authorization.k8s.io": "Role RoleBinding",
    "kustomize.toolkit.fluxcd.io": "Kustomization",
    "helm.toolkit.fluxcd.io": "HelmRelease",
    "source.toolkit.fluxcd.io": "Bucket ExternalArtifact GitRepository HelmChart HelmRepository OCIRepository",
    "source.extensions.fluxcd.io": "ArtifactGenerator",
    "notification.toolkit.fluxcd.io": "Alert Provider Receiver",
    "image.toolkit.fluxcd.io": "ImagePolicy ImageRepository ImageUpdateAutomation",
    "fluxcd.controlplane.io": "FluxInstance FluxReport ResourceSet ResourceSetInputProvider",
}
_CLUSTER_SCOPED = {
    "": "Namespace Node PersistentVolume",
    "admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding "
    "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
    "ValidatingWebhookConfiguration",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io": "IngressClass IPAddress ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io": "DeviceClass",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
}


def _table(groups: dict[str, str]) -> dict[str, str]:
    return {kind: group for group, kinds in groups.items() for kind in kinds.split()}


NAMESPACED = _table(_NAMESPACED)
CLUSTER_SCOPED = _table(_CLUSTER_SCOPED)
GROUPS = {**NAMESPACED, **CLUSTER_SCOPED}

WORKLOADS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob")


def split(kind: str) -> tuple[str, str | None]:
    """Return kind and group of ``Kind`` or ``Kind.group``; the group is None where any group will do.

    A bare kind that Kubernetes or Flux brings along means that one, not another project's of the same name.
    """
    name, dot, group = kind.partition(".")
    return (name, group) if dot else (name, GROUPS.get(name))


def is_namespaced(group: str, kind: str) -> bool | None:
    """Return whether objects of this kind live in a namespace; None where that isn't known."""
    if NAMESPACED.get(kind) == group:
        return True
    return False if CLUSTER_SCOPED.get(kind) == group else None
