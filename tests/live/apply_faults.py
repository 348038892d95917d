"""A fleet that an API server takes as it is, and single faults in it that only an API server can tell."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent

from fleet_files import Files, bootstrap, kustomization, namespace, overlay


def obj(api_version: str, kind: str, name: str, rest: str = "", namespace: str | None = "shop") -> str:
    """Return an object; ``rest`` are the lines that follow its metadata, which a leading ``+`` continues."""
    where = f"  namespace: {namespace}\n" if namespace else ""
    head = f"apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n{where}"
    return head + dedent(rest).lstrip("\n").replace("+", "", 1) if rest.startswith("+") else head + dedent(rest)


def workload(kind: str, name: str, spec: str = "", pod: str = "", claims: str = "") -> str:
    """Return a workload with one container, its labels ``app: NAME``."""
    return obj(
        "apps/v1",
        kind,
        name,
        f"""\
spec:
{spec}  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      containers:
        - name: main
          image: ghcr.io/example/{name}:1.0.0
{pod}{claims}""",
    )


def definition(kind: str, versions: str, plural: str) -> str:
    """Return the definition of a namespaced kind of the group example.com."""
    return obj(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        f"{plural}.example.com",
        f"""\
spec:
  group: example.com
  names:
    kind: {kind}
    plural: {plural}
  scope: Namespaced
  versions:
{versions}""",
        namespace=None,
    )


OPEN = """\
    - name: {version}
      served: {served}
      storage: {storage}
      schema:
        openAPIV3Schema:
          type: object
          x-kubernetes-preserve-unknown-fields: true
"""
BACKUPS = """\
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              x-kubernetes-validations:
                - rule: self.keep >= self.atLeast
                  message: fewer are kept than have to be
              properties:
                bucket:
                  type: string
                  x-kubernetes-validations:
                    - rule: self == oldSelf
                      message: a backup stays in its bucket
                keep:
                  type: integer
                atLeast:
                  type: integer
"""
BACKUP = """\
spec:
  bucket: here
  keep: 7
  atLeast: 3
"""


def policy(name: str, rules: str, expression: str, message: str, *, params: bool = False) -> str:
    """Return a ValidatingAdmissionPolicy and its binding."""
    kind = "  paramKind:\n    apiVersion: v1\n    kind: ConfigMap\n" if params else ""
    reference = "  paramRef:\n    name: limits\n    namespace: shop\n    parameterNotFoundAction: Deny\n"
    return (
        obj(
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicy",
            name,
            f"""\
spec:
{kind}  matchConstraints:
    resourceRules:
      - {rules}
  validations:
    - expression: {expression}
      message: {message}
""",
            namespace=None,
        )
        + "---\n"
        + obj(
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicyBinding",
            name,
            f"spec:\n  policyName: {name}\n  validationActions: [Deny]\n{reference if params else ''}",
            namespace=None,
        )
    )


def pod(name: str, container: str = "", spec: str = "", namespace: str = "shop") -> str:
    """Return a Pod that every Pod Security Standard allows."""
    return obj(
        "v1",
        "Pod",
        name,
        f"""\
spec:
{spec}  securityContext:
    runAsNonRoot: true
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: main
      image: ghcr.io/example/{name}:1.0.0
      securityContext:
        allowPrivilegeEscalation: false
        capabilities:
          drop: [ALL]
{container}""",
        namespace=namespace,
    )


def service(name: str, spec: str, port: str = "") -> str:
    """Return a Service with the port 80."""
    return obj("v1", "Service", name, f"spec:\n{spec}  ports:\n    - name: http\n      port: 80\n{port}")


CLAIMS = """\
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: 1Gi
"""
JOB = """\
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: ghcr.io/example/migrate:1.0.0
"""
CLAIM = """\
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi
"""
VOLUME = """\
spec:
  capacity:
    storage: 1Gi
  accessModes: [ReadWriteOnce]
  nfs:
    server: nfs.example.com
    path: /data
"""
ROLE = "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: view\n"
SLICE = "addressType: IPv4\nendpoints:\n  - addresses: [192.0.2.7]\n"
WORKLOADS = "apiGroups: [apps]\n        apiVersions: [v1]\n        operations: [CREATE, UPDATE]"
CONFIGS = "apiGroups: ['']\n        apiVersions: [v1]\n        operations: [DELETE]"

OBJECTS: Files = {
    "deployment": workload("Deployment", "web", "  replicas: 2\n"),
    "scaled": workload("Deployment", "scaled", "  replicas: 3\n"),
    "sized": workload("Deployment", "sized", "  replicas: 3\n"),
    "rolled": workload("Deployment", "rolled"),
    "daemon-set": workload("DaemonSet", "agent"),
    "stateful-set": workload("StatefulSet", "db", "  serviceName: db\n"),
    "claiming": workload("StatefulSet", "store", "  serviceName: store\n", claims=CLAIMS),
    "service": service("web", "  selector:\n    app: web\n"),
    "typed": service("typed", "  selector:\n    app: web\n"),
    "node-port": service("node-port", "  type: NodePort\n", "      nodePort: 30080\n"),
    "other-node-port": service("other", "  type: NodePort\n", "      nodePort: 30081\n"),
    "fixed-address": service("fixed", "  clusterIP: 10.0.0.50\n"),
    "other-address": service("moved", "  clusterIP: 10.0.0.60\n"),
    "claim": obj("v1", "PersistentVolumeClaim", "data", CLAIM),
    "large-claim": obj("v1", "PersistentVolumeClaim", "large", CLAIM, namespace="small"),
    "volume": obj("v1", "PersistentVolume", "archive", VOLUME, namespace=None),
    "binding": obj("rbac.authorization.k8s.io/v1", "RoleBinding", "web", ROLE),
    "cluster-binding": obj("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "web", ROLE, namespace=None),
    "job": obj("batch/v1", "Job", "migrate", JOB),
    "config": obj("v1", "ConfigMap", "settings", "immutable: true\ndata:\n  level: info\n"),
    "frozen-secret": obj("v1", "Secret", "frozen", "immutable: true\nstringData:\n  user: somebody\n"),
    "secret": obj("v1", "Secret", "typed", "type: Opaque\nstringData:\n  user: somebody\n"),
    "storage-class": obj(
        "storage.k8s.io/v1",
        "StorageClass",
        "fast",
        "provisioner: csi.example.com\nparameters:\n  tier: gold\n",
        namespace=None,
    ),
    "priority-class": obj("scheduling.k8s.io/v1", "PriorityClass", "high", "value: 1000\n", namespace=None),
    "runtime-class": obj("node.k8s.io/v1", "RuntimeClass", "sandboxed", "handler: gvisor\n", namespace=None),
    "ingress-class": obj(
        "networking.k8s.io/v1", "IngressClass", "public", "spec:\n  controller: example.com/one\n", namespace=None
    ),
    "slice": obj("discovery.k8s.io/v1", "EndpointSlice", "web", SLICE),
    "budget": obj("policy/v1", "PodDisruptionBudget", "web", "spec:\n  maxUnavailable: 1\n"),
    "definition": definition("Backup", BACKUPS, "backups"),
    "backup": obj("example.com/v1", "Backup", "nightly", BACKUP),
    "ruled": obj("example.com/v1", "Backup", "weekly", BACKUP),
    "widgets": definition(
        "Widget",
        OPEN.format(version="v1beta1", served="true", storage="false")
        + OPEN.format(version="v1", served="true", storage="true"),
        "widgets",
    ),
    "widget": obj("example.com/v1beta1", "Widget", "old"),
    "gadgets": definition("Gadget", OPEN.format(version="v1", served="true", storage="true"), "gadgets"),
    "gadget": obj("example.com/v1", "Gadget", "left"),
    "scopes": definition("Scope", OPEN.format(version="v1", served="true", storage="true"), "scopes"),
    "limits": obj("v1", "ConfigMap", "limits", 'data:\n  most: "4"\n'),
    "replicas-policy": policy(
        "replicas",
        f"{WORKLOADS}\n        resources: [deployments]",
        "object.metadata.name != 'scaled' || object.spec.replicas <= 3",
        "no more than three replicas",
    ),
    "limits-policy": policy(
        "limits",
        f"{WORKLOADS}\n        resources: [deployments]",
        "object.metadata.name != 'sized' || object.spec.replicas <= int(params.data.most)",
        "more replicas than the limits allow",
        params=True,
    ),
    "keep-policy": policy(
        "keep",
        f"{CONFIGS}\n        resources: [configmaps]",
        "oldObject.metadata.name != 'kept'",
        "it is to be kept",
    ),
    "kept": obj("v1", "ConfigMap", "kept", "data:\n  a: b\n"),
    "quota": obj("v1", "ResourceQuota", "storage", "spec:\n  hard:\n    requests.storage: 5Gi\n", namespace="small"),
    "limit-range": obj(
        "v1",
        "LimitRange",
        "pods",
        "spec:\n  limits:\n    - type: Container\n      max:\n        memory: 1Gi\n",
        namespace="small",
    ),
    "restricted": pod("restricted", namespace="safe"),
    "limited": pod("limited", "      resources:\n        limits:\n          memory: 1Gi\n", namespace="small"),
    "account": pod("account"),
    "priority": pod("priority", spec="  priorityClassName: high\n"),
}
# What only the change adds: the server holds none of these before.
NEW = ("large-claim", "restricted", "limited", "account", "priority")
NAMESPACES: Files = {
    "shop": namespace("shop"),
    "small": namespace("small"),
    "safe": namespace("safe") + "  labels:\n    pod-security.kubernetes.io/enforce: restricted\n",
}
SHARED = obj("v1", "ConfigMap", "shared", "data:\n  a: one\n")
MERGED = SHARED.replace("name: shared\n", "name: shared\n  annotations:\n    kustomize.toolkit.fluxcd.io/ssa: Merge\n")


@dataclass(frozen=True)
class Fault:
    """A single change to one file (``after`` None removes it), and all that is said of it: rule, place, and words."""

    name: str
    file: str
    before: str
    after: str | None
    rule: str
    line: int
    words: str
    at: str | None = None

    @property
    def place(self) -> str:
        """Where it is told."""
        return f"apps/{self.at or f'shop/{self.file}.yaml'}:{self.line}"


def immutable(name: str, file: str, before: str, after: str, line: int, words: str = "field is immutable") -> Fault:
    """Return the change of a field that can't be changed."""
    return Fault(name, file, before, after, "apply-immutable", line, words)


FAULTS = (
    immutable("selector", "deployment", "app: web", "app: shop", 8),
    immutable("daemon-set-selector", "daemon-set", "app: agent", "app: agents", 7),
    immutable("service-name", "stateful-set", "serviceName: db", "serviceName: database", 6, "are forbidden"),
    immutable("claim-template", "claiming", "storage: 1Gi", "storage: 2Gi", 6, "are forbidden"),
    immutable("role-reference", "binding", "name: view", "name: edit", 6, "cannot change roleRef"),
    immutable("cluster-role-reference", "cluster-binding", "name: view", "name: edit", 5, "cannot change roleRef"),
    immutable("job-template", "job", "migrate:1.0.0", "migrate:1.1.0", 7),
    immutable("claim-access", "claim", "ReadWriteOnce", "ReadWriteMany", 6, "is immutable after creation"),
    immutable("volume-source", "volume", "path: /data", "path: /archive", 5, "is immutable after creation"),
    immutable("immutable-config", "config", "level: info", "level: debug", 7, "when `immutable` is set"),
    immutable("immutable-secret", "frozen-secret", "somebody", "nobody", 1, "when `immutable` is set"),
    immutable("secret-type", "secret", "type: Opaque", "type: example.com/login", 6),
    immutable("storage-class-parameters", "storage-class", "tier: gold", "tier: silver", 6),
    immutable("priority-value", "priority-class", "value: 1000", "value: 2000", 5, "may not be changed"),
    immutable("runtime-handler", "runtime-class", "handler: gvisor", "handler: kata", 5),
    immutable("ingress-class-controller", "ingress-class", "example.com/one", "example.com/two", 6),
    immutable("slice-address-type", "slice", "IPv4", "FQDN", 6),
    immutable("definition-scope", "scopes", "scope: Namespaced", "scope: Cluster", 10),
    Fault(
        "strategy-with-defaults",
        "rolled",
        "spec:\n  selector",
        "spec:\n  strategy:\n    type: Recreate\n  selector",
        "apply-invalid",
        7,
        "may not be specified when strategy `type` is 'Recreate'",
    ),
    Fault("transition-rule", "backup", "bucket: here", "bucket: there", "apply-invalid", 7, "stays in its bucket"),
    Fault("rule-across-fields", "ruled", "keep: 7", "keep: 1", "apply-invalid", 6, "fewer are kept than have to be"),
    Fault("unknown-field", "service", "port: 80", "prot: 80", "apply-invalid", 11, "the kind has no such field"),
    Fault(
        "node-port-of-cluster-ip",
        "typed",
        "port: 80",
        "port: 80\n      nodePort: 80",
        "apply-invalid",
        12,
        "may not be used when `type` is 'ClusterIP'",
    ),
    Fault("node-port-taken", "other-node-port", "30081", "30080", "apply-invalid", 11, "already allocated"),
    immutable("address", "other-address", "10.0.0.60", "10.0.0.61", 6, "may not change once set"),
    Fault("policy", "scaled", "replicas: 3", "replicas: 5", "apply-denied", 1, "no more than three replicas"),
    Fault("policy-with-parameters", "sized", "replicas: 3", "replicas: 5", "apply-denied", 1, "than the limits allow"),
    Fault(
        "pod-security", "restricted", "drop: [ALL]", "add: [NET_ADMIN]", "apply-denied", 1, 'PodSecurity "restricted'
    ),
    Fault("quota", "large-claim", "1Gi", "9Gi", "apply-refused", 1, "exceeded quota: storage"),
    Fault("limit-range", "limited", "1Gi", "2Gi", "apply-refused", 1, "maximum memory usage per Container is 1Gi"),
    Fault(
        "service-account",
        "account",
        "spec:\n",
        "spec:\n  serviceAccountName: none\n",
        "apply-refused",
        1,
        "error looking up service account shop/none",
    ),
    Fault("priority-class", "priority", "high", "low", "apply-refused", 1, "no PriorityClass with name low was found"),
    Fault("version-of-old", "budget", "policy/v1", "policy/v1beta1", "apply-removed", 1, "policy/v1 is"),
    Fault(
        "version-not-served",
        "widgets",
        "name: v1beta1\n      served: true",
        "name: v1beta1\n      served: false",
        "apply-removed",
        1,
        "example.com/v1beta1 is not served",
        at="shop/widget.yaml",
    ),
    Fault("definition-pruned", "gadgets", "", None, "apply-removed", 1, "the change prunes", at="shop/gadget.yaml"),
    Fault("prune-denied", "kept", "", None, "apply-unprunable", 1, "it is to be kept"),
    Fault(
        "owners-differ",
        "shared",
        "a: one",
        "a: two",
        "apply-conflict",
        7,
        "flux-system/more applies another value of data.a",
    ),
)


def fleet_files(*faults: Fault, without: tuple[str, ...] = ()) -> Files:
    """Return the fleet with these faults, and without some of its objects."""
    texts = {name: text for name, text in OBJECTS.items() if name not in without} | {"shared": SHARED}
    for fault in faults:
        text = texts.pop(fault.file)
        if fault.after is not None:
            assert fault.before in text, fault.name
            texts[fault.file] = text.replace(fault.before, fault.after)
    return {
        **bootstrap("production"),
        "clusters/production/shop.yaml": kustomization("shop", "./apps/shop"),
        "clusters/production/more.yaml": kustomization("more", "./apps/more"),
        "apps/shop/kustomization.yaml": overlay(*(f"{name}.yaml" for name in (*NAMESPACES, *sorted(texts)))),
        **{f"apps/shop/{name}.yaml": text for name, text in (NAMESPACES | texts).items()},
        "apps/more/kustomization.yaml": overlay("shared.yaml"),
        "apps/more/shared.yaml": MERGED,
    }
