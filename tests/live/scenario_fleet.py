"""A fleet for scenarios: every kind of workload, a tenant, a release, and more, each in a Kustomization of its own."""

from __future__ import annotations

from textwrap import dedent

from fleet_files import Files, bootstrap, config_map, kustomization, namespace, overlay

POD = """\
    metadata:
      labels:
        app: {name}
    spec:
      containers:
        - name: main
          image: ghcr.io/example/{name}:1.0.0
"""
CLAIM = """\
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: 1Gi
"""
CHOICE = """\
      nodeSelector:
        example.com/disk: fast
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector:
                matchLabels:
                  app: choosy
"""
DATABASES = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: databases.example.com
spec:
  group: example.com
  names:
    kind: Database
    plural: databases
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          x-kubernetes-preserve-unknown-fields: true
      subresources:
        status: {}
"""
DATABASE = """\
apiVersion: example.com/v1
kind: Database
metadata:
  name: orders
  namespace: work
spec:
  size: 1
"""
HEALTH = """\
wait: true
timeout: 1m
healthCheckExprs:
  - apiVersion: example.com/v1
    kind: Database
    current: status.conditions.exists(c, c.type == 'Available' && c.status == 'True')
"""
CONFIGURATION = """\
live:
  conditions:
    Database.example.com:
      Available: true
      Degraded: false
"""
JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  namespace: {namespace}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: ghcr.io/example/migrate:1.0.0
"""
RIGHTS = """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: tenant
  namespace: flux-system
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: tenant
  namespace: tenant
rules:
  - apiGroups: ['']
    resources: [configmaps]
    verbs: ['*']
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: tenant
  namespace: tenant
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: tenant
subjects:
  - kind: ServiceAccount
    name: tenant
    namespace: flux-system
"""
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: app
  namespace: released
spec:
  interval: 10m
  chart:
    spec:
      chart: ./charts/app
      reconcileStrategy: Revision
      sourceRef:
        kind: GitRepository
        name: flux-system
        namespace: flux-system
  values:
    replicas: 1
"""
CHART = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      app: {{ .Release.Name }}
  template:
    metadata:
      labels:
        app: {{ .Release.Name }}
    spec:
      containers:
        - name: main
          image: ghcr.io/example/app:1.0.0
"""
ALERT = """\
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata:
  name: local
  namespace: flux-system
spec:
  type: generic
  address: {url}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata:
  name: kept
  namespace: flux-system
spec:
  providerRef:
    name: local
  eventSources:
    - kind: Kustomization
      name: kept
"""
NAMESPACES = ("work", "kept", "pruned", "tenant", "one", "forced", "released")


def workload(kind: str, name: str, spec: str = "", claims: str = "") -> str:
    """Return a workload in the namespace work."""
    head = f"apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: work\nspec:\n{spec}"
    return f"{head}  selector:\n    matchLabels:\n      app: {name}\n  template:\n{POD.format(name=name)}{claims}"


def workloads() -> Files:
    """Return an object of each kind that a hermetic cluster simulates."""
    return {
        "deployment": workload("Deployment", "web", "  replicas: 2\n"),
        "stateful-set": workload(
            "StatefulSet",
            "db",
            "  replicas: 2\n  serviceName: db\n",
            f"  volumeClaimTemplates:\n    - metadata:\n        name: data\n{CLAIM}",
        ),
        "daemon-set": workload("DaemonSet", "agent"),
        # Two pods that one node of this name would not take.
        "choosy": workload(
            "Deployment", "choosy", "  replicas: 2\n", "          ports: [{containerPort: 80, hostPort: 80}]\n" + CHOICE
        ),
        "job": JOB.format(namespace="work"),
        "service": dedent("""\
            apiVersion: v1
            kind: Service
            metadata:
              name: web
              namespace: work
            spec:
              type: LoadBalancer
              selector:
                app: web
              ports:
                - port: 80
            """),
        "claim": "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n  namespace: work\n"
        + dedent(CLAIM),
        "definition": DATABASES,
        "database": DATABASE,
    }


def extra(namespace: str) -> str:
    """Return a second ConfigMap of a namespace."""
    return config_map(namespace, a="b").replace(f"{namespace}\n", "extra\n", 1)


def fleet_files() -> Files:
    """Return the fleet, whose one cluster is production."""
    declared = {
        "spaces": kustomization("spaces", "./apps/spaces"),
        "workloads": kustomization("workloads", "./apps/workloads", extra=f"dependsOn: [{{name: spaces}}]\n{HEALTH}"),
        "kept": kustomization("kept", "./apps/kept").replace("prune: true", "prune: false"),
        "pruned": kustomization("pruned", "./apps/pruned"),
        "tenant": kustomization("tenant", "./apps/tenant", extra="serviceAccountName: tenant\n"),
        "targeted": kustomization("targeted", "./apps/targeted", extra="targetNamespace: one\n"),
        "forced": kustomization("forced", "./apps/forced"),
        "released": kustomization("released", "./apps/released"),
    }
    spaces = {name: namespace(name) for name in NAMESPACES} | {"rights": RIGHTS}
    apps: dict[str, Files] = {
        "spaces": spaces,
        "workloads": workloads(),
        "kept": {"a": config_map("kept", a="b"), "extra": extra("kept")},
        "pruned": {"a": config_map("pruned", a="b"), "extra": extra("pruned")},
        "tenant": {"a": config_map("tenant", a="b")},
        "targeted": {"a": config_map("x", a="b").replace("  namespace: x\n", "")},
        "forced": {"job": JOB.format(namespace="forced")},
        "released": {"release": RELEASE},
    }
    return {
        **bootstrap("production"),
        ".pytest-gitops.yaml": CONFIGURATION,
        **{f"clusters/production/{name}.yaml": text for name, text in declared.items()},
        **{f"apps/{app}/{name}.yaml": text for app, files in apps.items() for name, text in files.items()},
        **{f"apps/{app}/kustomization.yaml": overlay(*map("{}.yaml".format, files)) for app, files in apps.items()},
        "charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
        "charts/app/templates/deployment.yaml": CHART,
    }
