"""Charts and releases of different make, which the engine has to render as Flux's controllers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any

# Charts lie in a source as they would in a Git repository. Each text holds files, one after the other.
SOURCE = """
--- charts/web/Chart.yaml
apiVersion: v2
name: web
version: 1.2.3
appVersion: "9.1"
kubeVersion: ">=1.28.0-0"
description: A web server
--- charts/web/values.yaml
replicas: 1
image: {repository: nginx, tag: "1.27"}
labels: {}
ingress: {enabled: false, hosts: []}
--- charts/web/values-production.yaml
replicas: 3
ingress: {enabled: true, hosts: [{host: web.example.com, paths: [/, /api]}]}
--- charts/web/.helmignore
*.bak
/notes/
--- charts/web/templates/ignored.bak
{{ fail "this is no template" }}
--- charts/web/templates/_helpers.tpl
{{- define "web.name" -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}{{- end }}
{{- define "web.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}
--- charts/web/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.name" . }}
  labels: {{- include "web.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }} }}
  template:
    metadata:
      labels: {app: {{ .Release.Name }} }
      annotations:
        checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          ports: [{name: http, containerPort: 8080}]
--- charts/web/templates/configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ include "web.name" . }}, labels: {{ include "web.labels" . | fromYaml | toJson }} }
data:
  namespace: {{ .Release.Namespace }}
  revision: "{{ .Release.Revision }}{{ .Release.IsInstall }}{{ .Release.IsUpgrade }}"
  kubernetes: {{ with .Capabilities.KubeVersion }}{{ .Version }}.{{ .Major }}.{{ .Minor }}{{ end }}
  octal: "0644"
  number: "1e3"
  long: |
    one
      two

    three
  all: {{ .Values | toJson | quote }}
  files: {{ (.Files.Glob "files/*").AsConfig | toJson | quote }}
--- charts/web/files/a.txt
a
--- charts/web/files/b.txt
b
--- charts/web/notes/ignored.txt
ignored
--- charts/web/templates/ingress.yaml
{{- if .Values.ingress.enabled }}
{{- range $index, $host := .Values.ingress.hosts }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "web.name" $ }}-{{ $index }}
spec:
  rules:
    - host: {{ tpl $host.host $ }}
      http:
        paths:
          {{- range $host.paths }}
          - path: {{ . }}
            pathType: Prefix
            backend: {service: {name: {{ include "web.name" $ }}, port: {name: http}}}
          {{- end }}
{{- end }}
{{- end }}
--- charts/web/templates/NOTES.txt
Thank you for installing {{ .Chart.Name }}.
--- charts/web/templates/tests/test.yaml
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "web.name" . }}-test
  annotations: {helm.sh/hook: test, helm.sh/hook-delete-policy: "before-hook-creation,hook-succeeded"}
spec: {restartPolicy: Never, containers: [{name: test, image: busybox}]}

--- charts/hooks/Chart.yaml
apiVersion: v2
name: hooks
version: 0.1.0
--- charts/hooks/values.yaml
{}
--- charts/hooks/templates/migrate.yaml
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-5"}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: app:1}]}}}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .Release.Name }}-migrate
  annotations: {helm.sh/hook: pre-install, helm.sh/hook-weight: "-10"}
--- charts/hooks/templates/app.yaml
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }} }
spec: {ports: [{port: 80}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: {{ .Release.Name }}-after, annotations: {helm.sh/hook: post-install}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: after, image: app:1}]}}}

--- charts/definitions/Chart.yaml
apiVersion: v2
name: definitions
version: 2.0.0
--- charts/definitions/values.yaml
{}
--- charts/definitions/crds/widgets.yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com, labels: {own: label}}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: planes.example.com}
spec:
  group: example.com
  names: {kind: Plane, plural: planes}
  scope: Cluster
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: misplaced}
--- charts/definitions/templates/all.yaml
apiVersion: example.com/v1
kind: Widget
metadata: {name: {{ .Release.Name }} }
---
apiVersion: example.com/v1
kind: Plane
metadata: {name: {{ .Release.Name }} }
---
apiVersion: v1
kind: Namespace
metadata: {name: made}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: {{ .Release.Name }} }
rules: []
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Secret, metadata: {name: listed}, stringData: {a: "1"}}
  - {apiVersion: v1, kind: Secret, metadata: {name: elsewhere, namespace: other}, stringData: {a: "1"}}

--- charts/library/Chart.yaml
apiVersion: v2
name: library
version: 0.3.0
type: library
--- charts/library/values.yaml
exports: {defaults: {port: 8443}}
--- charts/library/templates/_service.tpl
{{- define "library.service" -}}
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}-{{ .Chart.Name }} }
spec: {ports: [{port: {{ .Values.port }} }]}
{{- end }}

--- charts/umbrella/Chart.yaml
apiVersion: v2
name: umbrella
version: 4.0.0+build.7
dependencies:
  - {name: library, version: 0.x.x, repository: "file://../library", import-values: [defaults]}
  - {name: web, version: "^1.0.0", repository: "file://../web", condition: web.enabled, alias: front}
  - {name: web, version: "^1.0.0", repository: "file://../web", condition: back.enabled, alias: back}
  - {name: hooks, version: ">=0.1.0", repository: "file://../hooks", tags: [jobs]}
  - {name: inner, version: "1", repository: ""}
--- charts/umbrella/values.yaml
global: {domain: example.com}
tags: {jobs: false}
front: {replicas: 2}
back: {enabled: false}
--- charts/umbrella/templates/service.yaml
{{ include "library.service" . }}
--- charts/umbrella/charts/inner/Chart.yaml
apiVersion: v2
name: inner
version: 1.0.0
--- charts/umbrella/charts/inner/values.yaml
data: {child: {a: 1}}
--- charts/umbrella/charts/inner/templates/map.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: inner}
data: {domain: {{ .Values.global.domain }}, values: {{ .Values | toJson | quote }} }
--- charts/umbrella/charts/inner/charts/deep/Chart.yaml
apiVersion: v2
name: deep
version: 1.0.0
--- charts/umbrella/charts/inner/charts/deep/templates/map.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: deep}
data: {domain: {{ .Values.global.domain }} }

--- charts/old/Chart.yaml
name: old
version: 0.0.1
--- charts/old/requirements.yaml
dependencies:
  - {name: hooks, version: 0.1.0, repository: "file://../hooks"}
--- charts/old/values.yaml
{}
--- charts/old/templates/map.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: old}

--- charts/versions/Chart.yaml
apiVersion: v2
name: versions
version: 1.0.0
--- charts/versions/values.yaml
{}
--- charts/versions/templates/monitor.yaml
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" }}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: {{ .Release.Name }} }
{{- end }}
--- charts/versions/templates/budget.yaml
{{- $current := .Capabilities.APIVersions.Has "policy/v1/PodDisruptionBudget" }}
apiVersion: {{ ternary "policy/v1" "policy/v1beta1" $current }}
kind: PodDisruptionBudget
metadata: {name: {{ .Release.Name }} }
spec:
  maxUnavailable: {{ ternary 1 2 (semverCompare ">=1.31-0" .Capabilities.KubeVersion.Version) }}
--- charts/versions/templates/looked-up.yaml
{{- $found := lookup "v1" "Secret" .Release.Namespace "password" }}
apiVersion: v1
kind: ConfigMap
metadata: {name: looked-up}
data: {found: {{ $found | toJson | quote }}, listed: {{ (lookup "v1" "Node" "" "").items | toJson | quote }} }

--- charts/schema/Chart.yaml
apiVersion: v2
name: schema
version: 1.0.0
--- charts/schema/values.yaml
port: 80
--- charts/schema/values.schema.json
{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
 "properties": {"port": {"$ref": "#/$defs/port"}, "hosts": {"type": "array", "items": {"type": "string"}}},
 "$defs": {"port": {"type": "integer", "maximum": 65535}}, "additionalProperties": true}
--- charts/schema/templates/map.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: schema}
data: {port: "{{ .Values.port }}"}

--- charts/chance/Chart.yaml
apiVersion: v2
name: chance
version: 1.0.0
--- charts/chance/values.yaml
{}
--- charts/chance/templates/secret.yaml
{{- $ca := genCA "the-ca" 365 }}
{{- $cert := genSignedCert "web" (list "10.0.0.1") (list "web.example.com") 30 $ca }}
{{- $own := genSelfSignedCert "web" nil (list "web.example.com") 30 }}
apiVersion: v1
kind: Secret
metadata: {name: chance}
stringData:
  alphanum: {{ randAlphaNum 24 | quote }}
  alpha: {{ randAlpha 24 | quote }}
  ascii: {{ randAscii 24 | b64enc | quote }}
  numeric: {{ randNumeric 12 | quote }}
  bytes: {{ randBytes 16 | quote }}
  uuid: {{ uuidv4 | quote }}
  htpasswd: {{ htpasswd "admin" "secret" | quote }}
  bcrypt: {{ bcrypt "secret" | quote }}
  ca: {{ $ca.Cert | b64enc | quote }}
  cert: {{ $cert.Cert | b64enc | quote }}
  key: {{ $cert.Key | b64enc | quote }}
  own: {{ $own.Cert | b64enc | quote }}
  private: {{ genPrivateKey "ed25519" | quote }}
  aes: {{ encryptAES "key" "plain" | decryptAES "key" | quote }}
  now: {{ now | date "2006-01-02 15:04" | quote }}
  epoch: {{ now | unixEpoch | quote }}
  derived: {{ derivePassword 1 "long" "password" "user" "example.com" | quote }}
  fixed: {{ toDate "2006-01-02" "2024-02-03" | date "02.01.2006" | quote }}
  stable: {{ sha256sum "stable" | quote }}
"""

MONITORING = ("monitoring.coreos.com/v1", "monitoring.coreos.com/v1/ServiceMonitor")
# Any API server of these days says so, but Helm without one doesn't.
POLICY = ("policy/v1/PodDisruptionBudget",)


@dataclass(frozen=True)
class Case:
    """A release of a chart of the source: ``packed`` as a HelmRepository has it, else as a directory of a tree."""

    chart: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    values_files: Sequence[str] = ()
    ignore_missing: bool = False
    packed: bool = False
    objects: Sequence[Mapping[str, Any]] = ()
    kubernetes: str = "1.35.0"
    api_versions: Sequence[str] = ()
    name: str = "app"


def yaml_text(text: str) -> str:
    """Return YAML written with the indentation of the code around it."""
    return dedent(text).strip() + "\n"


IMAGES = {"kustomize": {"images": [{"name": "nginx", "newName": "registry.example.com/nginx", "newTag": "2"}]}}
PATCHES = {
    "kustomize": {
        "patches": [
            {
                "target": {"kind": "Deployment", "labelSelector": "app.kubernetes.io/name=web"},
                "patch": '[{"op": "add", "path": "/spec/template/spec/priorityClassName", "value": "high"}]',
            },
            {
                "patch": yaml_text(
                    """
                    apiVersion: v1
                    kind: ConfigMap
                    metadata: {name: app-web, annotations: {patched: "yes"}}
                    data: {all: null, octal: "0755"}
                    """
                )
            },
        ]
    }
}

CASES = {
    "plain": Case("web"),
    "values": Case("web", {"values": {"replicas": 5, "image": {"tag": None}, "labels": {"team": "a"}}}),
    "packed": Case("web", packed=True),
    "values-files": Case("web", values_files=["charts/web/values.yaml", "charts/web/values-production.yaml"]),
    "values-files-packed": Case("web", values_files=["values.yaml", "values-production.yaml"], packed=True),
    "one-values-file": Case("web", values_files=["values.yaml"]),
    "missing-values-files": Case("web", values_files=["charts/web/values.yaml", "nowhere.yaml"], ignore_missing=True),
    "no-values-files-at-all": Case("hooks", values_files=["nowhere.yaml"], ignore_missing=True, packed=True),
    "target-namespace": Case("web", {"targetNamespace": "elsewhere", "storageNamespace": "store"}),
    "release-name": Case("web", {"releaseName": "other"}),
    "long-name": Case(
        "hooks", {"targetNamespace": "a-namespace-of-some-length"}, name="a-name-that-is-long-enough-to-be-cut"
    ),
    "values-from": Case(
        "web",
        {
            "values": {"replicas": 7, "labels": {"from": "values"}},
            "valuesFrom": [
                {"kind": "ConfigMap", "name": "first"},
                {"kind": "Secret", "name": "second", "valuesKey": "web.yaml"},
                {"kind": "ConfigMap", "name": "first", "valuesKey": "tag", "targetPath": "image.tag"},
                {"kind": "ConfigMap", "name": "first", "valuesKey": "count", "targetPath": "replicas"},
                {"kind": "Secret", "name": "absent", "optional": True},
                {"kind": "ConfigMap", "name": "first", "valuesKey": "absent", "optional": True},
                {
                    "kind": "ConfigMap",
                    "name": "first",
                    "valuesKey": "text",
                    "targetPath": "labels.a\\.b/c",
                    "literal": True,
                },
                {"kind": "ConfigMap", "name": "first", "valuesKey": "quoted", "targetPath": "labels.quoted"},
            ],
        },
        objects=[
            {
                "kind": "ConfigMap",
                "name": "first",
                "values": {
                    "values.yaml": "labels: {from: first, a: first}\nimage: {repository: first}\n",
                    "tag": "2.0",
                    "count": "9",
                    "text": "a,b={c}",
                    "quoted": "'1'",
                },
            },
            {"kind": "Secret", "name": "second", "values": {"web.yaml": "labels: {a: second, b: second}\n"}},
        ],
    ),
    "images": Case("web", {"postRenderers": [IMAGES]}),
    "patches": Case("web", {"postRenderers": [PATCHES, IMAGES]}),
    "common-metadata": Case(
        "web",
        {
            "postRenderers": [IMAGES],
            "commonMetadata": {
                "labels": {"team": "a", "helm.toolkit.fluxcd.io/name": "taken"},
                "annotations": {"contact": "a@example.com"},
            },
        },
    ),
    "hooks": Case("hooks"),
    "hooks-disabled": Case("hooks", {"install": {"disableHooks": True}}),
    "hooks-apart": Case("hooks", {"postRenderStrategy": "nohooks", "commonMetadata": {"labels": {"a": "b"}}}),
    "hooks-separate": Case("hooks", {"postRenderStrategy": "separate"}),
    "definitions": Case("definitions", {"commonMetadata": {"labels": {"team": "a"}}}),
    "definitions-packed": Case("definitions", packed=True),
    "hooks-packed": Case("hooks", packed=True),
    "definitions-skipped": Case("definitions", {"install": {"crds": "Skip"}}),
    "umbrella": Case("umbrella"),
    "umbrella-all": Case(
        "umbrella",
        {"values": {"tags": {"jobs": True}, "back": {"enabled": True, "replicas": 4}, "web": {"enabled": False}}},
    ),
    "umbrella-packed": Case("umbrella", packed=True),
    "umbrella-values": Case(
        "umbrella",
        {"values": {"port": 1, "global": {"domain": "other.example.com"}, "inner": {"data": {"child": None, "b": 2}}}},
    ),
    "requirements": Case("old"),
    "versions": Case("versions", api_versions=MONITORING + POLICY),
    "old-kubernetes": Case("versions", kubernetes="1.30.4", api_versions=POLICY),
    "schema": Case("schema", {"values": {"port": 8080, "hosts": ["a"]}}),
    "schema-off": Case("schema", {"values": {"port": "http"}, "install": {"disableSchemaValidation": True}}),
}

# What Flux refuses as well: the case, and the code and place that the engine tells.
REFUSED = {
    "schema": (Case("schema", {"values": {"hosts": ["a", 2]}}), "values", "hosts[1]"),
    "kubernetes": (Case("web", kubernetes="1.27.0"), "chart", ""),
    "values-from": (
        Case("web", {"valuesFrom": [{"kind": "Secret", "name": "absent"}]}),
        "values",
        "spec.valuesFrom[0]",
    ),
    "values-key": (
        Case(
            "web",
            {"valuesFrom": [{"kind": "ConfigMap", "name": "there", "valuesKey": "none"}]},
            objects=[{"kind": "ConfigMap", "name": "there", "values": {}}],
        ),
        "values",
        "spec.valuesFrom[0]",
    ),
    "values-file": (
        Case("web", values_files=["charts/web/values.yaml", "nowhere.yaml"]),
        "chart",
        "spec.chart.spec.valuesFiles[1]",
    ),
    "patch": (
        Case("web", {"postRenderers": [{"kustomize": {"patches": [{"patch": "kind: None"}]}}]}),
        "helm",
        "spec.postRenderers[0]",
    ),
    "template": (Case("web", {"values": {"ingress": {"enabled": True, "hosts": "none"}}}), "helm", ""),
    "name": (Case("web", {"releaseName": "Not_A_Name"}), "helm", "spec.releaseName"),
}
