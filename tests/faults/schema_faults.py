"""Faults that the API server would tell, each at the line that holds the field."""

from __future__ import annotations

from fault import Fault, append, create, replace

_DEPLOYMENT = "apps/base/deployment.yaml"
_SERVICE = "apps/base/service.yaml"
_POLICIES = "apps/base/policies.yaml"
_BACKUP = "apps/base/backup.yaml"
_INGRESS = "apps/base/ingress.yaml"
_CONTROLLERS = "infrastructure/controllers/ingress-nginx.yaml"
_PRODUCTION = ("production",)
_APPS = "clusters/production/apps.yaml"
_UNSELECTED = """
    apiVersion: apps/v1
    kind: DaemonSet
    metadata:
      name: other
      namespace: flux-system
    spec:
      selector:
        matchLabels:
          app: other
      template:
        metadata:
          labels:
            app: elsewhere
        spec:
          containers:
            - name: other
              image: ghcr.io/example-org/other:1.0.0
              resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 32Mi}}
"""
_TWICE = """
    apiVersion: v1
    kind: Service
    metadata:
      name: other
      namespace: flux-system
    spec:
      type: ExternalName
      externalName: example.org
      ports:
        - name: one
          port: 80
        - name: two
          port: 81
        - name: three
          port: 81
"""
_RELEASE = """
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata:
      name: other
      namespace: flux-system
    spec:
      interval: 30m
"""
_SOURCE = """
    apiVersion: source.toolkit.fluxcd.io/v1
    kind: OCIRepository
    metadata:
      name: other
      namespace: flux-system
    spec:
      interval: 1h
      url: oci://ghcr.io/example-org/other
      ref:
        semver: 1.x.y.z
"""
_ADMISSION = """
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata:
      name: replicas
    spec:
      matchConstraints:
        resourceRules:
          - apiGroups: [apps]
            apiVersions: [v1]
            operations: [CREATE]
            resources: [deployments]
      validations:
        - expression: object.spec.replicas <== 5
    ---
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata:
      name: replicas
    spec:
      policyName: replicas
      validationActions: [Deny]
"""

FAULTS = [
    Fault(
        "misspelt-field",
        replace(_DEPLOYMENT, "serviceAccountName: web", "serviceAcountName: web"),
        rule="schema-unknown-field",
        file=_DEPLOYMENT,
        at="serviceAcountName: web",
    ),
    Fault(
        "field-at-the-wrong-level",
        replace(
            _DEPLOYMENT, "      serviceAccountName: web\n", "      readinessProbe: {}\n      serviceAccountName: web\n"
        ),
        rule="schema-unknown-field",
        file=_DEPLOYMENT,
        at="readinessProbe: {}",
    ),
    Fault(
        "replicas-as-text",
        replace("apps/production/replicas.yaml", "replicas: 2", 'replicas: "2"'),
        rule="schema-type",
        file="apps/production/replicas.yaml",
        at='replicas: "2"',
        clusters=_PRODUCTION,
    ),
    Fault(
        "port-as-text",
        replace(_SERVICE, "port: 80\n", 'port: "80"\n'),
        rule="schema-type",
        file=_SERVICE,
        at='port: "80"',
    ),
    Fault(
        "number-in-a-config-map",
        replace("clusters/production/vars.yaml", 'port: "8080"', "port: 8080"),
        rule="schema-type",
        file="clusters/production/vars.yaml",
        at="port: 8080",
        clusters=_PRODUCTION,
    ),
    Fault(
        "selector-that-misses-its-pods",
        create("clusters/production/other.yaml", _UNSELECTED),
        rule="schema-value",
        file="clusters/production/other.yaml",
        at="app: elsewhere",
        clusters=_PRODUCTION,
    ),
    Fault(
        "port-out-of-range",
        replace(_DEPLOYMENT, "containerPort: 9090", "containerPort: 90900"),
        rule="schema-value",
        file=_DEPLOYMENT,
        at="containerPort: 90900",
    ),
    Fault(
        "quantity",
        replace(_DEPLOYMENT, "memory: 128Mi", "memory: 128Megs"),
        rule="schema-value",
        file=_DEPLOYMENT,
        at="memory: 128Megs",
    ),
    Fault(
        "request-above-its-limit",
        replace(_DEPLOYMENT, "memory: 64Mi", "memory: 640Mi"),
        rule="schema-value",
        file=_DEPLOYMENT,
        at="memory: 640Mi",
    ),
    Fault(
        "same-port-twice",
        create("clusters/production/other.yaml", _TWICE),
        rule="schema-duplicate",
        file="clusters/production/other.yaml",
        at="name: three",
        clusters=_PRODUCTION,
    ),
    Fault(
        "container-without-image",
        replace(_BACKUP, "              image: ghcr.io/example-org/backup:2.0.0\n", ""),
        rule="schema-required",
        file=_BACKUP,
        at="- name: backup",
    ),
    Fault(
        "label-value",
        replace(
            _DEPLOYMENT,
            "  labels:\n    app.kubernetes.io/name: web\n",
            "  labels:\n    app.kubernetes.io/name: web app\n",
        ),
        rule="schema-value",
        file=_DEPLOYMENT,
        at="app.kubernetes.io/name: web app",
    ),
    Fault(
        "object-name",
        append(_POLICIES, "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Web_Settings\n"),
        rule="schema-value",
        file=_POLICIES,
        at="name: Web_Settings",
    ),
    Fault(
        "cron-schedule",
        replace(_BACKUP, '"0 3 * * *"', '"0 25 * * *"'),
        rule="schema-value",
        file=_BACKUP,
        at='"0 25 * * *"',
    ),
    Fault(
        "restart-policy-of-a-job",
        replace(_BACKUP, "restartPolicy: OnFailure", "restartPolicy: Always"),
        rule="schema-required",
        file=_BACKUP,
        at="restartPolicy: Always",
    ),
    Fault(
        "access-mode",
        replace(_BACKUP, "[ReadWriteOnce]", "[ReadWriteTwice]"),
        rule="schema-value",
        file=_BACKUP,
        at="[ReadWriteTwice]",
    ),
    Fault(
        "path-type",
        replace(_INGRESS, "pathType: Prefix", "pathType: prefix"),
        rule="schema-value",
        file=_INGRESS,
        at="pathType: prefix",
    ),
    Fault(
        "fewer-replicas-at-most-than-at-least",
        replace(_POLICIES, "maxReplicas: 4", "maxReplicas: 1"),
        rule="schema-value",
        file=_POLICIES,
        at="maxReplicas: 1",
    ),
    Fault(
        "removed-api-version",
        replace(_POLICIES, "apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n"),
        rule="schema-removed-version",
        file=_POLICIES,
        at="apiVersion: policy/v1beta1",
    ),
    Fault(
        "kind-of-another-group",
        append(_SERVICE, "---\napiVersion: apps/v1\nkind: Service\nmetadata:\n  name: other\n"),
        rule="schema-unknown-kind",
        file=_SERVICE,
        at="apiVersion: apps/v1",
    ),
    Fault(
        "api-version-that-flux-removed",
        replace(_CONTROLLERS, "helm.toolkit.fluxcd.io/v2\n", "helm.toolkit.fluxcd.io/v2beta1\n"),
        rule="schema-removed-version",
        file=_CONTROLLERS,
        at="apiVersion: helm.toolkit.fluxcd.io/v2beta1",
    ),
    Fault(
        "field-that-flux-removed",
        replace(_APPS, "  prune: true\n", "  prune: true\n  validation: client\n"),
        rule="schema-unknown-field",
        file=_APPS,
        at="validation: client",
        clusters=_PRODUCTION,
    ),
    Fault(
        "field-of-an-overlay-in-a-kustomization",
        replace(_APPS, "  prune: true\n", "  prune: true\n  configMapGenerator: []\n"),
        rule="schema-unknown-field",
        file=_APPS,
        at="configMapGenerator: []",
        clusters=_PRODUCTION,
    ),
    Fault(
        "kustomization-without-interval",
        replace(_APPS, "  interval: 10m\n", ""),
        rule="schema-required",
        file=_APPS,
        at="spec:",
        clusters=_PRODUCTION,
    ),
    Fault(
        "interval-that-is-no-duration",
        replace(_APPS, "  interval: 10m\n", "  interval: 10 minutes\n"),
        rule="schema-value",
        file=_APPS,
        at="interval: 10 minutes",
        clusters=_PRODUCTION,
    ),
    Fault(
        "depends-on-as-a-list-of-names",
        replace(_APPS, "    - name: configs\n", "    - configs\n"),
        rule="schema-type",
        file=_APPS,
        at="- configs",
        clusters=_PRODUCTION,
    ),
    Fault(
        "release-without-chart",
        create("clusters/production/release.yaml", _RELEASE),
        rule="schema-expression",
        file="clusters/production/release.yaml",
        at="spec:",
        clusters=_PRODUCTION,
    ),
    Fault(
        "event-severity",
        replace("infrastructure/configs/notifications.yaml", "eventSeverity: error", "eventSeverity: fatal"),
        rule="schema-value",
        file="infrastructure/configs/notifications.yaml",
        at="eventSeverity: fatal",
    ),
    Fault(
        "object-without-namespace",
        create("clusters/production/lost.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: lost\n"),
        rule="schema-namespace",
        file="clusters/production/lost.yaml",
        at="metadata:",
        clusters=_PRODUCTION,
    ),
    Fault(
        "key-twice-in-a-patch",
        replace("apps/production/replicas.yaml", "  replicas: 2\n", "  replicas: 2\n  replicas: 3\n"),
        rule="duplicate-key",
        file="apps/production/replicas.yaml",
        at="replicas: 3",
        clusters=_PRODUCTION,
    ),
    Fault(
        "key-twice-in-a-kustomization-file",
        append("apps/production/kustomization.yaml", "namespace: web # again\n"),
        rule="duplicate-key",
        file="apps/production/kustomization.yaml",
        at="namespace: web # again",
        clusters=_PRODUCTION,
    ),
    Fault(
        "unknown-field-in-a-kustomization-file",
        append("apps/production/kustomization.yaml", "commonLabel:\n  team: web\n"),
        rule="overlay-unknown-field",
        file="apps/production/kustomization.yaml",
        at="commonLabel:",
        clusters=_PRODUCTION,
    ),
    Fault(
        "unknown-field-of-an-image",
        replace("apps/production/kustomization.yaml", "newTag: 1.4.2", "newTag: 1.4.2\n    tagSufix: -slim"),
        rule="overlay-unknown-field",
        file="apps/production/kustomization.yaml",
        at="tagSufix",
        clusters=_PRODUCTION,
    ),
    Fault(
        "group-that-does-not-exist",
        replace("apps/base/policies.yaml", "networking.k8s.io/v1", "networkin.k8s.io/v1"),
        rule="schema-unknown-kind",
        file="apps/base/policies.yaml",
        at="networkin.k8s.io/v1",
    ),
    Fault(
        "range-of-versions",
        create("clusters/production/other.yaml", _SOURCE),
        rule="schema-value",
        file="clusters/production/other.yaml",
        at="semver: 1.x.y.z",
        clusters=_PRODUCTION,
    ),
    Fault(
        "expression-of-an-admission-policy",
        create("clusters/production/other.yaml", _ADMISSION),
        rule="schema-value",
        file="clusters/production/other.yaml",
        at="expression: object.spec.replicas <== 5",
        clusters=_PRODUCTION,
    ),
    Fault(
        "number-in-a-label",
        replace("apps/base/namespace.yaml", "  name: web\n", "  name: web\n  labels:\n    tier: 1\n"),
        rule="labels-lost",
        file="apps/base/namespace.yaml",
        at="tier: 1",
    ),
    Fault(
        "kind-of-a-namespace",
        replace("apps/base/namespace.yaml", "kind: Namespace", "kind: Namespce"),
        rule="schema-unknown-kind",
        file="apps/base/namespace.yaml",
        at="kind: Namespce",
    ),
    Fault(
        "type-of-an-oci-helm-repository",
        replace(_CONTROLLERS, "  url: https://", "  url: oci://"),
        rule="source-url",
        file=_CONTROLLERS,
        at="url: oci://",
    ),
]
