"""A healthy fleet whose two clusters install charts of the repository's own, with one that brings definitions."""

from __future__ import annotations

from clean_fleet import Files
from fleet_files import bootstrap, kustomization, overlay

CLUSTERS = ("production", "staging")


def helm_fleet() -> Files:
    """Return the fleet's files."""
    files: Files = dict(_CHARTS)
    for cluster in CLUSTERS:
        files |= bootstrap(cluster)
        files[f"clusters/{cluster}/apps.yaml"] = kustomization("apps", f"./apps/{cluster}", extra="wait: true\n")
        files[f"clusters/{cluster}/widgets.yaml"] = kustomization(
            "widgets", "./widgets", extra="dependsOn:\n  - name: apps\n"
        )
        files[f"apps/{cluster}/kustomization.yaml"] = overlay("../base")
    return files | _APPS


_APPS = {
    "widgets/widget.yaml": """\
apiVersion: example.org/v1
kind: Widget
metadata:
  name: blue
  namespace: flux-system
spec:
  size: 3
""",
    "apps/base/kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
resources:
  - namespace.yaml
  - settings.yaml
  - web.yaml
  - cache.yaml
  - operator.yaml
configMapGenerator:
  - name: web-values
    files:
      - values.yaml=web-values.yaml
generatorOptions:
  disableNameSuffixHash: true
""",
    "apps/base/namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n",
    "apps/base/settings.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web-settings
data:
  greeting: hello
""",
    "apps/base/web-values.yaml": """\
image:
  tag: 1.4.2
settings: web-settings
""",
    "apps/base/web.yaml": """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: web
spec:
  interval: 1h
  chart:
    spec:
      chart: ./charts/web
      sourceRef:
        kind: GitRepository
        name: flux-system
        namespace: flux-system
  dependsOn:
    - name: cache
  valuesFrom:
    - kind: ConfigMap
      name: web-values
  values:
    replicas: 2
    service:
      port: 8080
""",
    "apps/base/cache.yaml": """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: cache
spec:
  interval: 1h
  chart:
    spec:
      chart: ./charts/web
      sourceRef:
        kind: GitRepository
        name: flux-system
        namespace: flux-system
  values:
    image:
      repository: ghcr.io/example-org/cache
      tag: 7.2.0
""",
    "apps/base/operator.yaml": """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: operator
spec:
  interval: 1h
  chart:
    spec:
      chart: ./charts/operator
      sourceRef:
        kind: GitRepository
        name: flux-system
        namespace: flux-system
""",
}

_CHARTS = {
    "charts/operator/Chart.yaml": "apiVersion: v2\nname: operator\nversion: 0.3.0\n",
    "charts/operator/crds/widgets.yaml": """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.org
spec:
  group: example.org
  scope: Namespaced
  names:
    kind: Widget
    plural: widgets
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size:
                  type: integer
""",
    "charts/web/Chart.yaml": """\
apiVersion: v2
name: web
version: 1.0.0
dependencies:
  - name: common
    version: 0.1.0
    repository: file://../common
""",
    "charts/web/values.yaml": """\
replicas: 1
image:
  repository: ghcr.io/example-org/web
  tag: ""
service:
  port: 80
settings: ""
""",
    "charts/web/values.schema.json": """\
{
  "type": "object",
  "properties": {
    "replicas": {"type": "integer", "minimum": 1},
    "image": {"properties": {"tag": {"type": "string"}}}
  }
}
""",
    "charts/web/templates/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {{- include "common.labels" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "common.labels" . | nindent 8 }}
    spec:
      serviceAccountName: {{ .Values.account | default .Release.Name }}
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ required "image.tag must be set" .Values.image.tag }}"
          {{- with .Values.settings }}
          envFrom:
            - configMapRef:
                name: {{ . }}
          {{- end }}
          ports:
            - name: http
              containerPort: {{ .Values.service.port }}
          resources:
            requests: {cpu: 10m, memory: 64Mi}
            limits: {memory: 64Mi}
""",
    "charts/web/templates/service.yaml": """\
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {{- include "common.labels" . | nindent 4 }}
  ports:
    - name: http
      port: {{ .Values.service.port }}
      targetPort: http
""",
    "charts/web/templates/account.yaml": """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .Values.account | default .Release.Name }}
""",
    "charts/web/templates/test.yaml": """\
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-test
  annotations:
    helm.sh/hook: test
spec:
  restartPolicy: Never
  containers:
    - name: test
      image: ghcr.io/example-org/curl:8.9.1
""",
    "charts/common/Chart.yaml": "apiVersion: v2\nname: common\nversion: 0.1.0\ntype: library\n",
    "charts/common/templates/_labels.tpl": """\
{{- define "common.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/name: web
{{- end }}
""",
}
