"""What a cluster has without Git: what Kubernetes makes, and what whoever bootstraps Flux made before it."""

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease", "flux-system")
ROLES = (("kube-system", "extension-apiserver-authentication-reader"),)
CLUSTER_ROLES = ("cluster-admin", "admin", "edit", "view")
# The last two are what Istio and OpenShift put into every namespace.
NAMESPACED = (
    ("ServiceAccount", "default"),
    ("ConfigMap", "kube-root-ca.crt"),
    ("ConfigMap", "istio-ca-root-cert"),
    ("ConfigMap", "openshift-service-ca.crt"),
)
