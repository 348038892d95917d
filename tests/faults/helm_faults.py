"""Single faults of a fleet with charts."""

from __future__ import annotations

from fault import Fault, append, create, replace

WEB = "apps/base/web.yaml"
DEPLOYMENT = "charts/web/templates/deployment.yaml"
ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .Release.Name }}
"""
PATCH = """\
  postRenderers:
    - kustomize:
        patches:
          - target:
              kind: Deployment
              name: webb
            patch: |
              - {op: add, path: /spec/paused, value: true}
"""
TOO_MANY = '{{ if gt (int .Values.replicas) 1 }}{{ fail "one is enough" }}{{ end }}\n'

FAULTS = [
    Fault(
        "value-refused-by-schema",
        replace(WEB, "replicas: 2", "replicas: two"),
        rule="values",
        file=WEB,
        at="replicas:",
    ),
    Fault(
        "value-in-a-file-refused-by-schema",
        replace("apps/base/web-values.yaml", "tag: 1.4.2", "tag: 14"),
        rule="values",
        file="apps/base/web-values.yaml",
        at="tag:",
    ),
    Fault(
        "value-required-by-a-template",
        replace("apps/base/cache.yaml", "      tag: 7.2.0\n", '      tag: ""\n'),
        rule="template",
        file="apps/base/cache.yaml",
        at="tag:",
    ),
    Fault(
        "template-that-is-none",
        replace(DEPLOYMENT, "{{ .Values.replicas }}", "{{ .Values.replicas"),
        rule="template",
        file=DEPLOYMENT,
        at="selector:",
    ),
    Fault(
        "template-of-a-helper-that-is-not-there",
        replace("charts/web/templates/service.yaml", "common.labels", "common.label"),
        rule="template",
        file="charts/web/templates/service.yaml",
        at="common.label",
    ),
    Fault(
        "template-that-renders-a-key-twice",
        replace(DEPLOYMENT, "  selector:\n", "  replicas: 3\n  selector:\n"),
        rule="template",
        file=DEPLOYMENT,
        at="replicas: 3",
    ),
    Fault(
        "template-with-a-block-at-the-wrong-depth",
        replace(DEPLOYMENT, "nindent 8", "nindent 2"),
        rule="template",
        file=DEPLOYMENT,
        at="    spec:",
    ),
    Fault(
        "template-of-an-object-without-a-name",
        replace("charts/web/templates/account.yaml", "  name: {{", "  labels: {}\n  nam: {{"),
        rule="template",
        file="charts/web/templates/account.yaml",
        at="kind:",
    ),
    Fault(
        "object-that-two-templates-render",
        create("charts/web/templates/web.yaml", ACCOUNT),
        rule="template",
        file="charts/web/templates/web.yaml",
        at="name:",
    ),
    Fault(
        "value-that-a-template-refuses",
        append("charts/web/templates/account.yaml", TOO_MANY),
        rule="template",
        file=WEB,
        at="replicas:",
    ),
    Fault(
        "value-that-is-no-map",
        replace(WEB, "    service:\n      port: 8080\n", "    service: true\n"),
        rule="template",
        file=WEB,
        at="service: true",
    ),
    Fault(
        "value-that-is-taken-away",
        replace(WEB, "    service:\n      port: 8080\n", "    service: null\n"),
        rule="template",
        file=WEB,
        at="service: null",
    ),
    Fault(
        "values-file-that-is-no-yaml",
        replace("apps/base/web-values.yaml", "settings:", " settings:"),
        rule="values",
        file="apps/base/web-values.yaml",
        at="tag:",
    ),
    Fault(
        "values-of-a-chart-that-are-no-yaml",
        replace("charts/web/values.yaml", "image:\n", " image:\n"),
        rule="chart",
        file="charts/web/values.yaml",
        at=" image:",
    ),
    Fault(
        "chart-with-a-version-that-is-none",
        replace("charts/web/Chart.yaml", "version: 1.0.0", "version: one"),
        rule="chart",
        file="charts/web/Chart.yaml",
        at="version: one",
    ),
    Fault(
        "release-of-a-name-that-is-none",
        append(WEB, "  releaseName: Web_1\n", dedented=False),
        rule="template",
        file=WEB,
        at="releaseName:",
    ),
    Fault(
        "patch-of-nothing-the-chart-renders",
        append(WEB, PATCH, dedented=False),
        rule="post-renderer-target",
        file=WEB,
        at="name: webb",
        severity="warning",
    ),
    Fault(
        "history-in-a-namespace-that-nothing-creates",
        append(WEB, "  storageNamespace: elsewhere\n", dedented=False),
        rule="namespace-missing",
        file=WEB,
        at="storageNamespace:",
    ),
    Fault(
        "patch-of-a-field-that-is-none",
        append(WEB, PATCH.replace("webb", "web").replace("paused", "pausd"), dedented=False),
        rule="schema-unknown-field",
        file=WEB,
        at="/spec/pausd",
    ),
    Fault(
        "label-that-is-none",
        append(WEB, "  commonMetadata:\n    labels:\n      tier: not a label\n", dedented=False),
        rule="schema-value",
        file=WEB,
        at="tier:",
    ),
    Fault(
        "interval-that-is-none",
        replace(WEB, "interval: 1h", "interval: 1 hour"),
        rule="schema-value",
        file=WEB,
        at="interval:",
    ),
    Fault(
        "label-that-is-no-text",
        append(WEB, "  commonMetadata:\n    labels:\n      tier: 1\n", dedented=False),
        rule="schema-type",
        file=WEB,
        at="tier:",
    ),
    Fault(
        "chart-that-is-not-there",
        replace(WEB, "chart: ./charts/web", "chart: ./charts/wbe"),
        rule="chart",
        file=WEB,
        at="./charts/wbe",
    ),
    Fault(
        "chart-with-a-dependency-that-is-not-there",
        replace("charts/web/Chart.yaml", "file://../common", "file://../commons"),
        rule="chart",
        file="charts/web/Chart.yaml",
        at="file://",
    ),
    Fault(
        "chart-source-that-is-not-there",
        replace("apps/base/cache.yaml", "        name: flux-system\n", "        name: charts\n"),
        rule="chart-source-missing",
        file="apps/base/cache.yaml",
        at="name: charts",
    ),
    Fault(
        "values-from-nothing",
        replace(WEB, "name: web-values", "name: web-value"),
        rule="values-from-missing",
        file=WEB,
        at="name: web-value",
    ),
    Fault(
        "values-from-a-key-that-is-not-there",
        replace(WEB, "      name: web-values", "      name: web-values\n      valuesKey: prod.yaml"),
        rule="values-from-missing",
        file=WEB,
        at="kind: ConfigMap",
    ),
    Fault(
        "releases-that-wait-for-each-other",
        replace("apps/base/cache.yaml", "  interval: 1h\n", "  interval: 1h\n  dependsOn:\n    - name: web\n"),
        rule="dependency-cycle",
        file=WEB,
        at="- name: cache",
    ),
    Fault(
        "release-that-waits-for-nothing",
        replace(WEB, "- name: cache", "- name: cash"),
        rule="dependency-missing",
        file=WEB,
        at="- name: cash",
    ),
    Fault(
        "two-releases-of-one-object",
        replace("apps/base/cache.yaml", "  values:\n", "  values:\n    account: web\n"),
        rule="owner-conflict",
        file="charts/web/templates/account.yaml",
        at="name:",
    ),
    Fault(
        "release-and-kustomization-of-one-object",
        append(
            "apps/base/settings.yaml",
            """
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata:
              name: cache
            """,
        ),
        rule="owner-conflict",
        file="charts/web/templates/account.yaml",
        at="name:",
    ),
    Fault(
        "value-that-names-nothing",
        replace("apps/base/web-values.yaml", "settings: web-settings", "settings: web-settigns"),
        rule="config-map-missing",
        file="apps/base/web-values.yaml",
        at="settings:",
    ),
    Fault(
        "value-of-a-type-that-is-refused",
        replace(WEB, "port: 8080", "port: http"),
        rule="schema-type",
        file=WEB,
        at="port: http",
    ),
    Fault(
        "template-with-a-field-that-is-none",
        replace(DEPLOYMENT, "  replicas: {{", "  replica: {{"),
        rule="schema-unknown-field",
        file=DEPLOYMENT,
        at="replica:",
    ),
    Fault(
        "hook-that-is-refused",
        replace("charts/web/templates/test.yaml", "restartPolicy: Never", "restartPolicy: Nevr"),
        rule="schema-value",
        file="charts/web/templates/test.yaml",
        at="restartPolicy",
    ),
    Fault(
        "object-refused-by-a-definition-of-a-chart",
        replace("widgets/widget.yaml", "size: 3", "size: large"),
        rule="schema-type",
        file="widgets/widget.yaml",
        at="size:",
    ),
    Fault(
        "account-that-a-template-misspells",
        replace(
            DEPLOYMENT, "default .Release.Name }}\n      containers", "default .Release.Name }}s\n      containers"
        ),
        rule="service-account-missing",
        file=DEPLOYMENT,
        at="serviceAccountName",
    ),
    Fault(
        "service-that-selects-nothing",
        replace("charts/web/templates/service.yaml", '{{- include "common.labels" . | nindent 4 }}', "{app: webb}"),
        rule="service-selector",
        file="charts/web/templates/service.yaml",
        at="selector:",
    ),
    Fault(
        "release-into-a-namespace-that-nothing-creates",
        replace("apps/base/cache.yaml", "  interval: 1h\n", "  interval: 1h\n  targetNamespace: elsewhere\n"),
        rule="namespace-missing",
        file="apps/base/cache.yaml",
        at="targetNamespace:",
    ),
]
