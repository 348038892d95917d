"""Kustomizations and HelmReleases that only running controllers can tell to fail, and one that is well."""

from __future__ import annotations

from dataclasses import dataclass

from apply_faults import obj, workload
from fleet_files import Files, bootstrap, config_map, kustomization, namespace, overlay

GATE = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gates.example.com
spec:
  group: example.com
  names:
    kind: Gate
    plural: gates
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          x-kubernetes-preserve-unknown-fields: true
"""
CHART = """\
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  {{- with .Values.address }}
  clusterIP: {{ . }}
  {{- end }}
  ports:
    - port: 80
      nodePort: {{ .Values.nodePort }}
  type: NodePort
"""


def release(name: str, spec: str = "", port: int = 30100) -> str:
    """Return a HelmRelease of the chart app in the namespace broken."""
    return obj(
        "helm.toolkit.fluxcd.io/v2",
        "HelmRelease",
        name,
        f"""\
spec:
  interval: 10m
{spec}  chart:
    spec:
      chart: ./charts/app
      reconcileStrategy: Revision
      sourceRef:
        kind: GitRepository
        name: flux-system
        namespace: flux-system
  values:
    nodePort: {port}
""",
        namespace="broken",
    )


def account(name: str, rules: str) -> str:
    """Return an account of flux-system, and what it may do in the namespace broken."""
    return "---\n".join(
        (
            obj("v1", "ServiceAccount", name, namespace="flux-system"),
            obj("rbac.authorization.k8s.io/v1", "Role", name, f"rules:\n{rules}", namespace="broken"),
            obj(
                "rbac.authorization.k8s.io/v1",
                "RoleBinding",
                name,
                "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n"
                f"  name: {name}\nsubjects:\n  - kind: ServiceAccount\n    name: {name}\n    namespace: flux-system\n",
                namespace="broken",
            ),
        )
    )


def gate(name: str) -> str:
    """Return an object of a kind that nobody gives a status."""
    return obj("example.com/v1", "Gate", name, "spec:\n  open: false\n", namespace="broken")


@dataclass(frozen=True)
class Fault:
    """A Kustomization that fails, ``spec`` what it says beyond its path and ``text`` the one file that it applies.

    ``place`` is where that is told, by default at the object.
    """

    name: str
    text: str
    words: str
    place: str = ""
    spec: str = ""

    @property
    def at(self) -> str:
        """Where it is told."""
        return self.place or f"apps/{self.name}/object.yaml:1"


EXPRESSION = """\
wait: true
timeout: 30s
healthCheckExprs:
  - apiVersion: example.com/v1
    kind: Gate
    {verdict}
"""
CHECKED = """\
timeout: 30s
healthChecks:
  - apiVersion: v1
    kind: ConfigMap
    name: none
    namespace: broken
"""
# All but what lets an account grant more than it has.
RIGHTS = """\
  - apiGroups: [rbac.authorization.k8s.io]
    resources: [roles]
    verbs: [get, list, watch, create, update, patch, delete]
"""
WAIT = "wait: true\ntimeout: 1m\n"


def config(name: str) -> str:
    """Return a ConfigMap."""
    return obj("v1", "ConfigMap", name, "data:\n  a: b\n", namespace="broken")


def unready(name: str, words: str, pod: str = "", *, spec: str = "", namespace: str = "broken") -> Fault:
    """Return a Deployment whose pods are refused."""
    text = workload("Deployment", name, spec, pod).replace("namespace: shop", f"namespace: {namespace}")
    return Fault(name, text, words, spec=WAIT)


def unreleased(name: str, words: str, spec: str = "", port: int = 30100) -> Fault:
    """Return a HelmRelease that can't be installed."""
    return Fault(name, release(name, spec, port), words)


SECRETS = "rules:\n  - apiGroups: ['']\n    resources: [secrets]\n    verbs: [get]\n"
FAULTS = (
    Fault("rights", config("rights"), "forbidden", spec="serviceAccountName: limited\n"),
    Fault(
        "escalation",
        obj("rbac.authorization.k8s.io/v1", "Role", "more", SECRETS, namespace="broken"),
        "is attempting to grant RBAC permissions not currently held",
        spec="serviceAccountName: limited\n",
    ),
    Fault("no-account", config("no-account"), 'flux-system:nobody" cannot', spec="serviceAccountName: nobody\n"),
    Fault(
        "no-target",
        config("a").replace("  namespace: broken\n", ""),
        'namespaces "missing" not found',
        spec="targetNamespace: missing\n",
    ),
    Fault("no-namespace", config_map("missing", a="b"), 'namespaces "missing" not found'),
    Fault(
        "expression-false",
        gate("failed"),
        "Gate/broken/failed status: 'Failed'",
        spec=EXPRESSION.format(verdict="current: spec.open\n    failed: spec.open == false"),
    ),
    Fault(
        "nothing-to-check",
        config("checked"),
        "[ConfigMap/broken/none status: 'NotFound']",
        place="clusters/production/nothing-to-check.yaml:1",
        spec=CHECKED,
    ),
    unready(
        "privileged",
        'violates PodSecurity "restricted',
        "          securityContext:\n            privileged: true\n",
        namespace="restricted",
    ),
    unready("many", "exceeded quota: pods", spec="  replicas: 3\n", namespace="small"),
    unready("accountless", 'serviceaccount "none" not found', "      serviceAccountName: none\n"),
    unready("unimportant", "no PriorityClass with name none was found", "      priorityClassName: none\n"),
    unready(
        "large",
        "maximum memory usage per Container is 1Gi",
        "          resources:\n            limits:\n              memory: 4Gi\n",
        namespace="limited",
    ),
    unreleased("misplaced", "provided port is not in the valid range", port=99999),
    unreleased("rightless", "cannot list resource", "  serviceAccountName: none\n"),
    unreleased("homeless", 'namespaces "missing" not found', "  targetNamespace: missing\n"),
)
FOUNDATION = "---\n".join(
    (
        namespace("broken"),
        namespace("limited"),
        namespace("small"),
        namespace("restricted") + "  labels:\n    pod-security.kubernetes.io/enforce: restricted\n",
        obj("v1", "ResourceQuota", "pods", "spec:\n  hard:\n    pods: 1\n", namespace="small"),
        obj(
            "v1",
            "LimitRange",
            "pods",
            "spec:\n  limits:\n    - type: Container\n      max:\n        memory: 1Gi\n",
            namespace="limited",
        ),
        account("limited", RIGHTS),
        GATE,
    )
)


AFTER = "dependsOn: [{name: foundation}]\n"


def fleet_files(*faults: Fault) -> Files:
    """Return a fleet with a Kustomization for each fault, one that is well, and one that waits for a fault."""
    files = {
        **bootstrap("production"),
        "clusters/production/foundation.yaml": kustomization("foundation", "./apps/foundation"),
        "apps/foundation/kustomization.yaml": overlay("objects.yaml"),
        "apps/foundation/objects.yaml": FOUNDATION,
        "clusters/production/well.yaml": kustomization("well", "./apps/well", extra=f"{AFTER}{WAIT}"),
        "apps/well/kustomization.yaml": overlay("object.yaml"),
        "apps/well/object.yaml": workload("Deployment", "well").replace("namespace: shop", "namespace: broken"),
        "charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
        "charts/app/templates/service.yaml": CHART,
    }
    for fault in faults:
        extra = f"{AFTER}{fault.spec}"
        files[f"clusters/production/{fault.name}.yaml"] = kustomization(fault.name, f"./apps/{fault.name}", extra=extra)
        files[f"apps/{fault.name}/kustomization.yaml"] = overlay("object.yaml")
        files[f"apps/{fault.name}/object.yaml"] = fault.text
    if faults:
        waiting = f"dependsOn: [{{name: {faults[0].name}}}]\n"
        expression = "dependsOn:\n  - name: well\n    readyExpr: dep.metadata.name == 'other'\n"
        for name, extra in (("waiting", waiting), ("unready", expression)):
            files[f"clusters/production/{name}.yaml"] = kustomization(name, "./apps/well", extra=extra)
        # Only an operator would open it, which doesn't run.
        extra = f"{AFTER}{EXPRESSION.format(verdict='current: spec.open')}"
        files["clusters/production/closed.yaml"] = kustomization("closed", "./apps/closed", extra=extra)
        files["apps/closed/kustomization.yaml"] = overlay("object.yaml")
        files["apps/closed/object.yaml"] = gate("shut")
    return files
