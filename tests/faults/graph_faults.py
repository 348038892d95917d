"""Faults in what depends on what."""

from __future__ import annotations

from fault import Fault, all_of, append, create, remove, replace

_INFRASTRUCTURE = "clusters/staging/infrastructure.yaml"
_APPS = "clusters/staging/apps.yaml"
_ONLY = ("staging",)

FAULTS = [
    Fault(
        "dependency-misspelt",
        replace(_APPS, "    - name: configs\n", "    - name: config\n"),
        rule="dependency-missing",
        file=_APPS,
        at="- name: config",
        clusters=_ONLY,
    ),
    Fault(
        "dependency-in-another-namespace",
        replace(_APPS, "    - name: configs\n", "    - name: configs\n      namespace: web\n"),
        rule="dependency-missing",
        file=_APPS,
        at="- name: configs",
        clusters=_ONLY,
    ),
    Fault(
        "dependency-of-a-release",
        replace(
            "infrastructure/controllers/ingress-nginx.yaml",
            "  interval: 30m\n",
            "  interval: 30m\n  dependsOn:\n    - name: cert-manager\n",
        ),
        rule="dependency-missing",
        file="infrastructure/controllers/ingress-nginx.yaml",
        at="- name: cert-manager",
    ),
    Fault(
        "dependency-on-itself",
        replace(_APPS, "    - name: configs\n", "    - name: configs\n    - name: apps\n"),
        rule="dependency-cycle",
        file=_APPS,
        at="- name: apps",
        clusters=_ONLY,
    ),
    Fault(
        "cycle-of-three",
        replace(
            _INFRASTRUCTURE,
            "  name: controllers\n  namespace: flux-system\nspec:\n",
            "  name: controllers\n  namespace: flux-system\nspec:\n  dependsOn:\n    - name: apps\n",
        ),
        rule="dependency-cycle",
        file=_INFRASTRUCTURE,
        at="- name: apps",
        clusters=_ONLY,
    ),
    Fault(
        "dependency-suspended",
        replace(
            _INFRASTRUCTURE,
            "spec:\n  dependsOn:\n    - name: controllers\n",
            "spec:\n  suspend: true\n  dependsOn:\n    - name: controllers\n",
        ),
        rule="dependency-suspended",
        file=_APPS,
        at="- name: configs",
        clusters=_ONLY,
        severity="warning",
    ),
    Fault(
        "dependency-without-wait",
        replace(
            _INFRASTRUCTURE,
            "  path: ./infrastructure/controllers\n  prune: true\n  wait: true\n",
            "  path: ./infrastructure/controllers\n  prune: true\n  wait: false\n",
        ),
        rule="dependency-unready",
        file=_INFRASTRUCTURE,
        at="wait: false",
        clusters=_ONLY,
        severity="warning",
    ),
    Fault(
        "health-check-of-nothing",
        replace(
            _APPS,
            "  wait: true\n",
            "  healthChecks:\n    - apiVersion: apps/v1\n      kind: Deployment\n      name: webb\n"
            "      namespace: web\n",
        ),
        rule="health-check-missing",
        file=_APPS,
        at="- apiVersion: apps/v1",
        clusters=_ONLY,
    ),
    Fault(
        "health-check-in-another-namespace",
        replace(
            _APPS,
            "  wait: true\n",
            "  healthChecks:\n    - apiVersion: apps/v1\n      kind: Deployment\n      name: web\n"
            "      namespace: flux-system\n",
        ),
        rule="health-check-missing",
        file=_APPS,
        at="- apiVersion: apps/v1",
        clusters=_ONLY,
    ),
    Fault(
        "definition-without-dependency",
        all_of(
            create(
                "infrastructure/crds/widgets.yaml",
                """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata:
                  name: widgets.example.org
                spec:
                  group: example.org
                  scope: Namespaced
                  names:
                    kind: Widget
                    listKind: WidgetList
                    plural: widgets
                    singular: widget
                  versions:
                    - name: v1
                      served: true
                      storage: true
                      schema:
                        openAPIV3Schema:
                          type: object
                          x-kubernetes-preserve-unknown-fields: true
                """,
            ),
            append(
                _INFRASTRUCTURE,
                """
                ---
                apiVersion: kustomize.toolkit.fluxcd.io/v1
                kind: Kustomization
                metadata:
                  name: crds
                  namespace: flux-system
                spec:
                  interval: 1h
                  retryInterval: 1m
                  timeout: 5m
                  path: ./infrastructure/crds
                  prune: true
                  wait: true
                  sourceRef:
                    kind: GitRepository
                    name: flux-system
                """,
            ),
            create(
                "images/widget.yaml", "apiVersion: example.org/v1\nkind: Widget\nmetadata:\n  name: blue\nspec: {}\n"
            ),
            replace("images/kustomization.yaml", "  - exporter.yaml\n", "  - exporter.yaml\n  - widget.yaml\n"),
        ),
        rule="order-crd",
        file="images/widget.yaml",
        at="kind: Widget",
        clusters=_ONLY,
        severity="warning",
    ),
    Fault(
        "namespace-without-dependency",
        all_of(
            create(
                "images/settings/settings.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: images\n  namespace: ingress-nginx\n",
            ),
            append(
                "clusters/staging/images.yaml",
                """
                ---
                apiVersion: kustomize.toolkit.fluxcd.io/v1
                kind: Kustomization
                metadata:
                  name: settings
                  namespace: flux-system
                spec:
                  interval: 1h
                  retryInterval: 1m
                  timeout: 5m
                  path: ./images/settings
                  prune: true
                  sourceRef:
                    kind: GitRepository
                    name: flux-system
                """,
            ),
        ),
        rule="order-namespace",
        file="images/settings/settings.yaml",
        at="namespace: ingress-nginx",
        clusters=_ONLY,
        severity="warning",
    ),
    Fault(
        "namespace-that-comes-later",
        create(
            "clusters/staging/settings.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: images\n  namespace: ingress-nginx\n",
        ),
        rule="order-namespace",
        file="clusters/staging/settings.yaml",
        at="namespace: ingress-nginx",
        clusters=_ONLY,
    ),
    Fault(
        "service-account-without-dependency",
        all_of(
            create(
                "clusters/staging/tenant.yaml",
                """
                apiVersion: kustomize.toolkit.fluxcd.io/v1
                kind: Kustomization
                metadata:
                  name: tenant
                  namespace: web
                spec:
                  interval: 1h
                  retryInterval: 1m
                  timeout: 5m
                  path: ./tenant
                  prune: true
                  serviceAccountName: web
                  sourceRef:
                    kind: GitRepository
                    name: flux-system
                    namespace: flux-system
                """,
            ),
            create(
                "tenant/settings.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: tenant\n  namespace: flux-system\n",
            ),
            replace(
                "clusters/staging/flux-system/kustomization.yaml",
                "  - gotk-sync.yaml\n",
                "  - gotk-sync.yaml\n  - web.yaml\n",
            ),
            create(
                "clusters/staging/flux-system/web.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: web\n"
            ),
            replace("apps/base/kustomization.yaml", "  - namespace.yaml\n", ""),
            remove("apps/base/namespace.yaml"),
            create("clusters/production/web.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: web\n"),
        ),
        rule="order-service-account",
        file="clusters/staging/tenant.yaml",
        at="serviceAccountName: web",
        clusters=_ONLY,
        severity="warning",
    ),
    Fault(
        "timeout-shorter-than-a-release",
        all_of(
            replace(
                "infrastructure/controllers/ingress-nginx.yaml",
                "  interval: 30m\n",
                "  interval: 30m\n  timeout: 10m\n",
            ),
            replace(
                "clusters/production/infrastructure.yaml",
                "  timeout: 5m\n  path: ./infrastructure/controllers\n",
                "  timeout: 10m\n  path: ./infrastructure/controllers\n",
            ),
            replace(
                _INFRASTRUCTURE,
                "  timeout: 5m\n  path: ./infrastructure/controllers\n",
                "  timeout: 9m59s\n  path: ./infrastructure/controllers\n",
            ),
        ),
        rule="timeout-too-short",
        file=_INFRASTRUCTURE,
        at="timeout: 9m59s",
        clusters=_ONLY,
        severity="warning",
    ),
    Fault(
        "health-check-that-is-no-expression",
        replace(
            _APPS,
            "  wait: true\n",
            "  wait: true\n  healthCheckExprs:\n    - apiVersion: example.org/v1\n      kind: Widget\n"
            "      failed: status.phase == 'Failed'\n      current: status.phase = 'Ready'\n",
        ),
        rule="health-check-expression",
        file=_APPS,
        at="current: status.phase = 'Ready'",
        clusters=_ONLY,
    ),
    Fault(
        "ready-expression-of-an-unknown-variable",
        replace(
            _APPS, "    - name: configs\n", "    - name: configs\n      readyExpr: status.observedGeneration > 0\n"
        ),
        rule="health-check-expression",
        file=_APPS,
        at="readyExpr: status",
        clusters=_ONLY,
    ),
    Fault(
        "health-check-expression-of-a-release",
        replace(
            "infrastructure/controllers/ingress-nginx.yaml",
            "  interval: 30m\n",
            "  interval: 30m\n  healthCheckExprs:\n    - apiVersion: example.org/v1\n      kind: Widget\n"
            "      current: status.phase +\n",
        ),
        rule="health-check-expression",
        file="infrastructure/controllers/ingress-nginx.yaml",
        at="current: status.phase +",
    ),
]
