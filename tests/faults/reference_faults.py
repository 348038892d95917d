"""Faults in what refers to what."""

from __future__ import annotations

from fault import Fault, all_of, append, create, replace

_DEPLOYMENT = "apps/base/deployment.yaml"
_POLICIES = "apps/base/policies.yaml"
_ALERTS = "infrastructure/configs/notifications.yaml"
_NGINX = "infrastructure/controllers/ingress-nginx.yaml"

FAULTS = [
    Fault(
        "service-account-of-a-workload",
        replace(_DEPLOYMENT, "serviceAccountName: web", "serviceAccountName: website"),
        rule="service-account-missing",
        file=_DEPLOYMENT,
        at="serviceAccountName: website",
    ),
    Fault(
        "service-account-of-a-kustomization",
        replace("clusters/production/apps.yaml", "  wait: true\n", "  wait: true\n  serviceAccountName: deployer\n"),
        rule="service-account-missing",
        file="clusters/production/apps.yaml",
        at="serviceAccountName: deployer",
        clusters=("production",),
    ),
    Fault(
        "config-map-of-a-container",
        replace(
            _DEPLOYMENT,
            "- configMapRef:\n                name: web\n",
            "- configMapRef:\n                name: settings\n",
        ),
        rule="config-map-missing",
        file=_DEPLOYMENT,
        at="name: settings",
    ),
    Fault(
        "key-of-a-config-map",
        replace(
            _DEPLOYMENT,
            "            - name: DOMAIN\n              value: ${domain}\n",
            "            - name: DOMAIN\n              valueFrom:\n                configMapKeyRef:\n"
            "                  name: web\n                  key: DOMAIN_NAME\n",
        ),
        rule="config-map-missing",
        file=_DEPLOYMENT,
        at="key: DOMAIN_NAME",
    ),
    Fault(
        "secret-of-a-container",
        replace(
            _DEPLOYMENT,
            "          envFrom:\n",
            "          envFrom:\n            - secretRef:\n                name: credentials\n",
        ),
        rule="secret-missing",
        file=_DEPLOYMENT,
        at="name: credentials",
        severity="warning",
    ),
    Fault(
        "claim-of-a-job",
        replace("apps/base/backup.yaml", "claimName: backup", "claimName: backups"),
        rule="claim-missing",
        file="apps/base/backup.yaml",
        at="claimName: backups",
    ),
    Fault(
        "selector-of-a-service",
        replace(
            "apps/base/service.yaml", "    app.kubernetes.io/name: web\n", "    app.kubernetes.io/name: frontend\n"
        ),
        rule="service-selector",
        file="apps/base/service.yaml",
        at="name: frontend",
    ),
    Fault(
        "backend-of-an-ingress",
        replace("apps/base/ingress.yaml", "                name: web\n", "                name: website\n"),
        rule="ingress-backend",
        file="apps/base/ingress.yaml",
        at="name: website",
    ),
    Fault(
        "port-of-an-ingress",
        replace("apps/base/ingress.yaml", "                  name: http\n", "                  number: 8080\n"),
        rule="ingress-backend",
        file="apps/base/ingress.yaml",
        at="number: 8080",
    ),
    Fault(
        "target-of-an-autoscaler",
        replace(_POLICIES, "    kind: Deployment\n    name: web\n", "    kind: Deployment\n    name: frontend\n"),
        rule="scale-target",
        file=_POLICIES,
        at="name: frontend",
    ),
    Fault(
        "selector-of-a-disruption-budget",
        replace(_POLICIES, "      app.kubernetes.io/name: web\n", "      app.kubernetes.io/name: frontend\n"),
        rule="disruption-budget-selector",
        file=_POLICIES,
        at="name: frontend",
        severity="warning",
    ),
    Fault(
        "role-of-a-binding",
        replace("apps/base/access.yaml", "  kind: Role\n  name: web\n", "  kind: Role\n  name: reader\n"),
        rule="role-missing",
        file="apps/base/access.yaml",
        at="name: reader",
    ),
    Fault(
        "subject-of-a-binding",
        replace(
            "apps/base/access.yaml",
            "  - kind: ServiceAccount\n    name: web\n",
            "  - kind: ServiceAccount\n    name: website\n",
        ),
        rule="subject-missing",
        file="apps/base/access.yaml",
        at="name: website",
    ),
    Fault(
        "provider-of-an-alert",
        replace(_ALERTS, "  providerRef:\n    name: slack\n", "  providerRef:\n    name: chat\n"),
        rule="notification-reference",
        file=_ALERTS,
        at="name: chat",
    ),
    Fault(
        "source-of-an-alert",
        replace(_ALERTS, '      name: "*"\n', "      name: app\n"),
        rule="notification-reference",
        file=_ALERTS,
        at="name: app",
    ),
    Fault(
        "repository-of-an-image-policy",
        replace(
            "images/exporter.yaml",
            "  imageRepositoryRef:\n    name: exporter\n",
            "  imageRepositoryRef:\n    name: exporters\n",
        ),
        rule="image-automation-reference",
        file="images/exporter.yaml",
        at="name: exporters",
        clusters=("staging",),
    ),
    Fault(
        "source-of-an-image-automation",
        replace("images/exporter.yaml", "    name: flux-system\n", "    name: fleet\n"),
        rule="image-automation-reference",
        file="images/exporter.yaml",
        at="name: fleet",
        clusters=("staging",),
    ),
    Fault(
        "path-of-an-image-automation",
        replace("images/exporter.yaml", "path: ./apps", "path: ./applications"),
        rule="image-automation-reference",
        file="images/exporter.yaml",
        at="path: ./applications",
        clusters=("staging",),
    ),
    Fault(
        "marker-of-no-policy",
        replace(_DEPLOYMENT, '"flux-system:exporter"', '"flux-system:metrics"'),
        rule="image-policy-marker",
        file=_DEPLOYMENT,
        at="flux-system:metrics",
    ),
    Fault(
        "source-of-a-chart",
        replace(
            _NGINX,
            "        kind: HelmRepository\n        name: ingress-nginx\n",
            "        kind: HelmRepository\n        name: nginx\n",
        ),
        rule="chart-source-missing",
        file=_NGINX,
        at="name: nginx",
    ),
    Fault(
        "values-of-a-release",
        replace(
            _NGINX, "  interval: 30m\n", "  interval: 30m\n  valuesFrom:\n    - kind: ConfigMap\n      name: settings\n"
        ),
        rule="values-from-missing",
        file=_NGINX,
        at="name: settings",
    ),
    Fault(
        "namespace-of-an-object",
        create(
            "clusters/staging/limits.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: limits\n  namespace: limits\n",
        ),
        rule="namespace-missing",
        file="clusters/staging/limits.yaml",
        at="namespace: limits",
        clusters=("staging",),
    ),
    Fault(
        "variables-from-nothing",
        replace("clusters/production/apps.yaml", "        name: cluster-vars\n", "        name: cluster-variables\n"),
        rule="substitute-from-missing",
        file="clusters/production/apps.yaml",
        at="name: cluster-variables",
        clusters=("production",),
    ),
    Fault(
        "file-that-nothing-names",
        create("apps/base/limits.yaml", "apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: web\n  namespace: web\n"),
        rule="orphan-file",
        file="apps/base/limits.yaml",
        at="apiVersion",
        clusters=(),
        severity="warning",
    ),
    Fault(
        "kustomization-of-the-wrong-group",
        create(
            "clusters/staging/more.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata:\n  name: more\n"
            "  namespace: flux-system\nspec:\n  path: ./apps/staging\n",
        ),
        rule="kustomization-group",
        file="clusters/staging/more.yaml",
        at="apiVersion",
        clusters=("staging",),
    ),
    Fault(
        "patch-of-nothing",
        replace("apps/staging/kustomization.yaml", "      name: web\n    patch:", "      name: website\n    patch:"),
        rule="overlay-target",
        file="apps/staging/kustomization.yaml",
        at="kind: Ingress",
        clusters=("staging",),
        severity="warning",
    ),
    Fault(
        "tag-of-an-image-that-nothing-runs",
        replace(
            "apps/production/kustomization.yaml",
            "images:\n",
            "images:\n  - name: ghcr.io/example-org/website\n    newTag: 1.4.2\n",
        ),
        rule="overlay-target",
        file="apps/production/kustomization.yaml",
        at="ghcr.io/example-org/website",
        clusters=("production",),
        severity="warning",
    ),
    Fault(
        "two-owners",
        create("clusters/staging/web.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: web\n"),
        rule="owner-conflict",
        file="apps/base/namespace.yaml",
        at="name: web",
        clusters=("staging",),
    ),
    Fault(
        "port-of-a-probe",
        replace(_DEPLOYMENT, "port: http\n", "port: htttp\n"),
        rule="probe-port",
        file=_DEPLOYMENT,
        at="port: htttp",
    ),
    Fault(
        "port-of-the-pods-of-a-service",
        replace("apps/base/service.yaml", "targetPort: metrics", "targetPort: metric"),
        rule="service-port",
        file="apps/base/service.yaml",
        at="targetPort: metric",
    ),
    Fault(
        "container-that-an-autoscaler-measures",
        replace(
            _POLICIES,
            "    - type: Resource\n      resource:\n        name: cpu\n",
            "    - type: ContainerResource\n      containerResource:\n        name: cpu\n        container: wbe\n",
        ),
        rule="scale-target",
        file=_POLICIES,
        at="container: wbe",
    ),
    Fault(
        "pods-of-a-network-policy",
        replace(
            _POLICIES, "podSelector: {}", "podSelector:\n      matchLabels:\n        app.kubernetes.io/name: website"
        ),
        rule="network-policy-target",
        file=_POLICIES,
        at="app.kubernetes.io/name: website",
        severity="warning",
    ),
    Fault(
        "port-of-a-network-policy",
        all_of(
            replace(_POLICIES, "podSelector: {}", "podSelector: {matchLabels: {app.kubernetes.io/name: web}}"),
            replace(_POLICIES, "port: 8080", "port: htp"),
        ),
        rule="network-policy-target",
        file=_POLICIES,
        at="port: htp",
        severity="warning",
    ),
    Fault(
        "kind-that-a-kustomization-patches",
        replace("clusters/production/apps.yaml", "kind: Deployment", "kind: Deploymnt"),
        rule="patch-target",
        file="clusters/production/apps.yaml",
        at="kind: Deploymnt",
        clusters=("production",),
        severity="warning",
    ),
    Fault(
        "name-that-a-kustomization-patches",
        replace(
            "clusters/production/apps.yaml",
            "kind: Deployment\n        name: web",
            "kind: Deployment\n        name: website",
        ),
        rule="patch-target",
        file="clusters/production/apps.yaml",
        at="name: website",
        clusters=("production",),
        severity="warning",
    ),
    Fault(
        "tag-of-an-image-called-much-like-one-that-runs",
        replace(
            "apps/production/kustomization.yaml",
            "images:\n",
            "images:\n  - name: ghcr.io/example-org/export\n    newTag: 1.4.2\n",
        ),
        rule="overlay-target",
        file="apps/production/kustomization.yaml",
        at="ghcr.io/example-org/export",
        clusters=("production",),
        severity="warning",
    ),
    Fault(
        "image-that-a-kustomization-sets",
        replace(
            "clusters/production/apps.yaml",
            "  patches:\n",
            "  images:\n    - name: ghcr.io/example-org/website\n      newTag: 1.4.2\n  patches:\n",
        ),
        rule="patch-target",
        file="clusters/production/apps.yaml",
        at="name: ghcr.io/example-org/website",
        clusters=("production",),
        severity="warning",
    ),
    Fault(
        "path-of-another-cluster",
        replace("clusters/production/flux-system/gotk-sync.yaml", "./clusters/production", "./clusters/staging"),
        rule="sync-path",
        file="clusters/production/flux-system/gotk-sync.yaml",
        at="path: ./clusters/staging",
        clusters=(),
    ),
    Fault(
        "host-and-path-of-another-ingress",
        append(
            "apps/base/ingress.yaml",
            """
            ---
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata:
              name: shop
            spec:
              ingressClassName: nginx
              rules:
                - host: web.${domain}
                  http:
                    paths:
                      - pathType: Exact
                        path: /
                        backend: {service: {name: web, port: {name: http}}}
            """,
        ),
        rule="ingress-conflict",
        file="apps/base/ingress.yaml",
        at="pathType: Exact",
        severity="warning",
    ),
]
