"""Faults that the policies tell."""

from __future__ import annotations

from fault import Fault, all_of, append, create, replace

_DEPLOYMENT = "apps/base/deployment.yaml"
_METRICS = (
    "          resources:\n            requests:\n              cpu: 10m\n              memory: 16Mi\n"
    "            limits:\n              memory: 32Mi\n"
)
_APPS = "clusters/{}/apps.yaml"

_ADMISSION = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: replicas
spec:
  matchConstraints:
    resourceRules:
      - apiGroups: [apps]
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [deployments]
  matchConditions:
    - name: web-only
      expression: object.metadata.name == "web"
  variables:
    - name: replicas
      expression: object.spec.replicas
  validations:
    - expression: variables.replicas <= 3
      messageExpression: "'at most 3 replicas, not ' + string(variables.replicas)"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: replicas
spec:
  policyName: replicas
  validationActions: [Deny]
  matchResources:
    namespaceSelector:
      matchLabels:
        kubernetes.io/metadata.name: web
"""

FAULTS = [
    Fault(
        "refused-by-an-admission-policy",
        all_of(
            append("infrastructure/controllers/ingress-nginx.yaml", "---\n" + _ADMISSION),
            replace("apps/staging/replicas.yaml", "replicas: 2", "replicas: 4"),
        ),
        rule="admission-policy",
        file="apps/base/deployment.yaml",
        at="apiVersion: apps/v1",
        clusters=("staging",),
    ),
    Fault(
        "plaintext-secret",
        append(
            "apps/base/access.yaml",
            "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData:\n  password: hunter2\n",
        ),
        rule="plaintext-secret",
        file="apps/base/access.yaml",
        at="password: hunter2",
    ),
    Fault(
        "base64-secret-in-one-cluster",
        append(
            "clusters/staging/vars.yaml",
            "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: web\n  namespace: flux-system\n"
            "data:\n  password: aHVudGVyMg==\n",
        ),
        rule="plaintext-secret",
        file="clusters/staging/vars.yaml",
        at="password: aHVudGVyMg==",
        clusters=("staging",),
    ),
    Fault(
        "secret-generator",
        append(
            "apps/production/kustomization.yaml",
            "secretGenerator:\n  - name: web\n    literals:\n      - token=hunter2\n",
        ),
        rule="plaintext-secret",
        file="apps/production/kustomization.yaml",
        at="token=hunter2",
        clusters=("production",),
    ),
    Fault(
        "secret-that-no-cluster-reads",
        create(
            "docs/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData:\n  password: hunter2\n",
        ),
        rule="plaintext-secret",
        file="docs/secret.yaml",
        at="password: hunter2",
        clusters=(),
    ),
    Fault(
        "value-added-to-a-sops-file",
        replace("infrastructure/configs/slack.sops.yaml", "sops:\n", "  added: by-hand\nsops:\n"),
        rule="sops-incomplete",
        file="infrastructure/configs/slack.sops.yaml",
        at="added: by-hand",
    ),
    Fault(
        "substituted-number-in-env",
        replace(_DEPLOYMENT, "value: ${domain}", 'value: "${port}"'),
        rule="substituted-type",
        file=_DEPLOYMENT,
        at='value: "${port}"',
    ),
    Fault(
        "substituted-number-in-label",
        replace("apps/base/service.yaml", "  name: web\n", '  name: web\n  labels:\n    port: "${port}"\n'),
        rule="substituted-type",
        file="apps/base/service.yaml",
        at='port: "${port}"',
    ),
    Fault(
        "prune-off",
        replace(_APPS.format("production"), "prune: true", "prune: false"),
        rule="kustomization-prune",
        file=_APPS.format("production"),
        at="prune: false",
        clusters=("production",),
        severity="warning",
    ),
    Fault(
        "force",
        replace(_APPS.format("staging"), "prune: true", "prune: true\n  force: true"),
        rule="kustomization-force",
        file=_APPS.format("staging"),
        at="force: true",
        clusters=("staging",),
        severity="warning",
    ),
    Fault(
        "interval-of-a-second",
        replace(_APPS.format("staging"), "interval: 10m", "interval: 1s"),
        rule="flux-interval",
        file=_APPS.format("staging"),
        at="  interval: 1s",
        clusters=("staging",),
        severity="warning",
    ),
    Fault(
        "retry-later-than-interval",
        replace(_APPS.format("staging"), "retryInterval: 1m", "retryInterval: 20m"),
        rule="flux-interval",
        file=_APPS.format("staging"),
        at="retryInterval: 20m",
        clusters=("staging",),
        severity="warning",
    ),
    Fault(
        "untagged-image-in-base",
        replace("apps/base/backup.yaml", "backup:2.0.0", "backup"),
        rule="image-tag",
        file="apps/base/backup.yaml",
        at="image: ghcr.io/example-org/backup",
        severity="warning",
    ),
    Fault(
        "latest-by-overlay",
        replace("apps/production/kustomization.yaml", "newTag: 1.4.2", "newTag: latest"),
        rule="image-tag",
        file="apps/production/kustomization.yaml",
        at="newTag: latest",
        clusters=("production",),
        severity="warning",
    ),
    Fault(
        "privileged-by-patch-file",
        replace(
            "apps/staging/replicas.yaml",
            "  replicas: 2\n",
            "  replicas: 2\n  template:\n    spec:\n      containers:\n        - name: metrics\n"
            "          securityContext:\n            privileged: true\n",
        ),
        rule="privileged",
        file="apps/staging/replicas.yaml",
        at="privileged: true",
        clusters=("staging",),
        severity="warning",
    ),
    Fault(
        "privileged-by-flux-patch",
        replace(
            _APPS.format("production"),
            "            example.org/owner: team-web\n",
            "            example.org/owner: team-web\n        - op: add\n"
            "          path: /spec/template/spec/containers/1/securityContext\n          value:\n"
            "            privileged: true\n",
        ),
        rule="privileged",
        file=_APPS.format("production"),
        at="privileged: true",
        clusters=("production",),
        severity="warning",
    ),
    Fault(
        "no-memory-limit",
        replace(
            _DEPLOYMENT,
            _METRICS,
            "          resources: # no limit\n            requests:\n              cpu: 10m\n"
            "              memory: 16Mi\n",
        ),
        rule="memory-limit",
        file=_DEPLOYMENT,
        at="# no limit",
        severity="warning",
    ),
    Fault(
        "no-cpu-request",
        replace(_DEPLOYMENT, "requests:\n              cpu: 10m\n", "requests: # for memory only\n"),
        rule="resource-requests",
        file=_DEPLOYMENT,
        at="# for memory only",
        severity="warning",
    ),
    Fault(
        "default-namespace",
        append(
            "infrastructure/controllers/ingress-nginx.yaml",
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: notes\n  namespace: default\n",
        ),
        rule="default-namespace",
        file="infrastructure/controllers/ingress-nginx.yaml",
        at="namespace: default",
        severity="warning",
    ),
    Fault(
        "marker-of-a-tag-on-an-image",
        replace(_DEPLOYMENT, "flux-system:exporter", "flux-system:exporter:tag"),
        rule="image-marker",
        file=_DEPLOYMENT,
        at="flux-system:exporter:tag",
        severity="warning",
    ),
    Fault(
        "marker-of-another-image",
        replace(_DEPLOYMENT, "exporter:0.9.1", "exportre:0.9.1"),
        rule="image-marker",
        file=_DEPLOYMENT,
        at="exportre:0.9.1",
        severity="warning",
    ),
    Fault(
        "marker-that-is-not-read",
        replace(_DEPLOYMENT, "flux-system:exporter", "flux-system/exporter"),
        rule="image-marker",
        file=_DEPLOYMENT,
        at="flux-system/exporter",
        severity="warning",
    ),
    Fault(
        "unset-variable-before-flux-2.9",
        all_of(
            replace("clusters/staging/flux-system/gotk-components.yaml", "v2.9.5", "v2.8.3"),
            replace("apps/staging/replicas.yaml", "replicas: 2", "replicas: 2\n  paused: ${paused}"),
        ),
        rule="unset-variable",
        file="apps/staging/replicas.yaml",
        at="paused: ${paused}",
        clusters=("staging",),
        severity="warning",
    ),
    Fault(
        "image-that-can-not-be-pulled",
        replace("apps/base/backup.yaml", "ghcr.io/example-org/backup:2.0.0", "ghcr.io/Example-Org/backup:2.0.0"),
        rule="image-reference",
        file="apps/base/backup.yaml",
        at="Example-Org",
    ),
]
