"""A fleet in which nothing is wrong or unwise: two clusters, infrastructure, an application, secrets, automation."""

from __future__ import annotations

from textwrap import dedent

Files = dict[str, str]

CLUSTERS = ("production", "staging")
BOTH = CLUSTERS


def clean_fleet() -> Files:
    """Return the fleet as a dict of paths and contents."""
    files = {name: dedent(text).lstrip("\n") for name, text in {**_SHARED, **_STAGING}.items()}
    for cluster in CLUSTERS:
        for name, text in _CLUSTER.items():
            files[name.replace("CLUSTER", cluster)] = dedent(text).lstrip("\n").replace("CLUSTER", cluster)
    return files


_CLUSTER: Files = {
    "clusters/CLUSTER/flux-system/gotk-components.yaml": """
        ---
        # Flux Version: v2.9.5
        apiVersion: v1
        kind: Namespace
        metadata:
          name: flux-system
        """,
    "clusters/CLUSTER/flux-system/gotk-sync.yaml": """
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata:
          name: flux-system
          namespace: flux-system
        spec:
          interval: 1m0s
          ref:
            branch: main
          secretRef:
            name: flux-system
          url: ssh://git@github.com/example-org/fleet-infra
        ---
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata:
          name: flux-system
          namespace: flux-system
        spec:
          interval: 10m0s
          path: ./clusters/CLUSTER
          prune: true
          sourceRef:
            kind: GitRepository
            name: flux-system
        """,
    "clusters/CLUSTER/flux-system/kustomization.yaml": """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - gotk-components.yaml
          - gotk-sync.yaml
        """,
    "clusters/CLUSTER/vars.yaml": """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: cluster-vars
          namespace: flux-system
        data:
          cluster: CLUSTER
          domain: CLUSTER.example.org
          port: "8080"
        """,
    "clusters/CLUSTER/infrastructure.yaml": """
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata:
          name: controllers
          namespace: flux-system
        spec:
          interval: 1h
          retryInterval: 1m
          timeout: 5m
          path: ./infrastructure/controllers
          prune: true
          wait: true
          sourceRef:
            kind: GitRepository
            name: flux-system
        ---
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata:
          name: configs
          namespace: flux-system
        spec:
          dependsOn:
            - name: controllers
          interval: 1h
          retryInterval: 1m
          timeout: 5m
          path: ./infrastructure/configs
          prune: true
          wait: true
          decryption:
            provider: sops
            secretRef:
              name: sops-age
          sourceRef:
            kind: GitRepository
            name: flux-system
        """,
    "clusters/CLUSTER/apps.yaml": """
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata:
          name: apps
          namespace: flux-system
        spec:
          dependsOn:
            - name: configs
          interval: 10m
          retryInterval: 1m
          timeout: 5m
          path: ./apps/CLUSTER
          prune: true
          wait: true
          postBuild:
            substitute:
              greeting: hello
            substituteFrom:
              - kind: ConfigMap
                name: cluster-vars
          patches:
            - target:
                kind: Deployment
                name: web
              patch: |
                - op: add
                  path: /metadata/annotations
                  value:
                    example.org/owner: team-web
          sourceRef:
            kind: GitRepository
            name: flux-system
        """,
    "apps/CLUSTER/kustomization.yaml": """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        namespace: web
        resources:
          - ../base
        components:
          - ../../components/monitored
        images:
          - name: ghcr.io/example-org/web
            newTag: 1.4.2
        patches:
          - path: replicas.yaml
          - target:
              kind: Ingress
              name: web
            patch: |
              - op: add
                path: /metadata/labels
                value:
                  cluster: CLUSTER
        """,
    "apps/CLUSTER/replicas.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          replicas: 2
        """,
}

_SHARED: Files = {
    ".sops.yaml": """
        creation_rules:
          - path_regex: .*\\.sops\\.yaml$
            encrypted_regex: ^(data|stringData)$
            age: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
        """,
    "components/monitored/kustomization.yaml": """
        apiVersion: kustomize.config.k8s.io/v1alpha1
        kind: Component
        patches:
          - path: scrape.yaml
        """,
    "components/monitored/scrape.yaml": """
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          annotations:
            prometheus.io/scrape: "true"
        """,
    "infrastructure/controllers/kustomization.yaml": """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - ingress-nginx.yaml
        """,
    "infrastructure/controllers/ingress-nginx.yaml": """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: ingress-nginx
        ---
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: HelmRepository
        metadata:
          name: ingress-nginx
          namespace: ingress-nginx
        spec:
          interval: 24h
          url: https://kubernetes.github.io/ingress-nginx
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata:
          name: ingress-nginx
          namespace: ingress-nginx
        spec:
          interval: 30m
          chart:
            spec:
              chart: ingress-nginx
              version: 4.13.x
              sourceRef:
                kind: HelmRepository
                name: ingress-nginx
          values:
            controller:
              replicaCount: 2
        """,
    "infrastructure/configs/kustomization.yaml": """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        namespace: flux-system
        resources:
          - notifications.yaml
          - slack.sops.yaml
        """,
    "infrastructure/configs/notifications.yaml": """
        apiVersion: notification.toolkit.fluxcd.io/v1beta3
        kind: Provider
        metadata:
          name: slack
        spec:
          type: slack
          channel: fleet
          secretRef:
            name: slack
        ---
        apiVersion: notification.toolkit.fluxcd.io/v1beta3
        kind: Alert
        metadata:
          name: fleet
        spec:
          providerRef:
            name: slack
          eventSeverity: error
          eventSources:
            - kind: Kustomization
              name: "*"
        """,
    "infrastructure/configs/slack.sops.yaml": """
        apiVersion: v1
        kind: Secret
        metadata:
          name: slack
        stringData:
          address: ENC[AES256_GCM,data:c2VjcmV0,iv:aXYtaXYtaXYtaXYtaXY=,tag:dGFnLXRhZy10YWctdGE=,type:str]
          token: ENC[AES256_GCM,data:c2VjcmV1,iv:aXYtaXYtaXYtaXYtaXY=,tag:dGFnLXRhZy10YWctdGE=,type:str]
        sops:
          age:
            - recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
              enc: |
                -----BEGIN AGE ENCRYPTED FILE-----
                YWdlLWVuY3J5cHRpb24ub3JnL3YxCg==
                -----END AGE ENCRYPTED FILE-----
          lastmodified: "2026-01-05T10:00:00Z"
          mac: ENC[AES256_GCM,data:bWFjLW1hYw==,iv:aXYtaXYtaXYtaXYtaXY=,tag:dGFnLXRhZy10YWctdGE=,type:str]
          encrypted_regex: ^(data|stringData)$
          version: 3.11.0
        """,
    "apps/base/kustomization.yaml": """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - namespace.yaml
          - access.yaml
          - deployment.yaml
          - service.yaml
          - ingress.yaml
          - policies.yaml
          - backup.yaml
        configMapGenerator:
          - name: web
            literals:
              - LOG_LEVEL=info
            files:
              - web.conf
        """,
    "apps/base/web.conf": """
        listen 8080
        """,
    "apps/base/namespace.yaml": """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: web
        """,
    "apps/base/access.yaml": """
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: web
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: web
        rules:
          - apiGroups: [""]
            resources: [configmaps]
            verbs: [get, list, watch]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: web
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: web
        subjects:
          - kind: ServiceAccount
            name: web
        """,
    "apps/base/deployment.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          labels:
            app.kubernetes.io/name: web
        spec:
          replicas: 1
          selector:
            matchLabels:
              app.kubernetes.io/name: web
          template:
            metadata:
              labels:
                app.kubernetes.io/name: web
            spec:
              serviceAccountName: web
              containers:
                - name: web
                  image: ghcr.io/example-org/web
                  args: ["--greeting=${greeting}", "--cluster=${cluster}"]
                  ports:
                    - name: http
                      containerPort: 8080
                  env:
                    - name: DOMAIN
                      value: ${domain}
                  envFrom:
                    - configMapRef:
                        name: web
                  readinessProbe:
                    httpGet:
                      path: /ready
                      port: http
                  resources:
                    requests:
                      cpu: 50m
                      memory: 64Mi
                    limits:
                      memory: 128Mi
                - name: metrics
                  image: ghcr.io/example-org/exporter:0.9.1 # {"$imagepolicy": "flux-system:exporter"}
                  ports:
                    - name: metrics
                      containerPort: 9090
                  resources:
                    requests:
                      cpu: 10m
                      memory: 16Mi
                    limits:
                      memory: 32Mi
        """,
    "apps/base/service.yaml": """
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          selector:
            app.kubernetes.io/name: web
          ports:
            - name: http
              port: 80
              targetPort: http
            - name: metrics
              port: 9090
              targetPort: metrics
        """,
    "apps/base/ingress.yaml": """
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          ingressClassName: nginx
          rules:
            - host: web.${domain}
              http:
                paths:
                  - path: /
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port:
                          name: http
        """,
    "apps/base/policies.yaml": """
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web
        spec:
          maxUnavailable: 1
          selector:
            matchLabels:
              app.kubernetes.io/name: web
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: web
        spec:
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: web
          minReplicas: 2
          maxReplicas: 4
          metrics:
            - type: Resource
              resource:
                name: cpu
                target:
                  type: Utilization
                  averageUtilization: 80
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          policyTypes: [Ingress]
          ingress:
            - ports:
                - port: 8080
        """,
    "apps/base/backup.yaml": """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: backup
        spec:
          accessModes: [ReadWriteOnce]
          resources:
            requests:
              storage: 1Gi
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata:
          name: backup
        spec:
          schedule: "0 3 * * *"
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: OnFailure
                  serviceAccountName: web
                  containers:
                    - name: backup
                      image: ghcr.io/example-org/backup:2.0.0
                      volumeMounts:
                        - name: data
                          mountPath: /data
                      resources:
                        requests:
                          cpu: 10m
                          memory: 32Mi
                        limits:
                          memory: 64Mi
                  volumes:
                    - name: data
                      persistentVolumeClaim:
                        claimName: backup
        """,
}

_STAGING: Files = {
    "clusters/staging/images.yaml": """
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata:
          name: images
          namespace: flux-system
        spec:
          interval: 1h
          retryInterval: 1m
          timeout: 5m
          path: ./images
          prune: true
          sourceRef:
            kind: GitRepository
            name: flux-system
        """,
    "images/kustomization.yaml": """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        namespace: flux-system
        resources:
          - exporter.yaml
        """,
    "images/exporter.yaml": """
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImageRepository
        metadata:
          name: exporter
        spec:
          image: ghcr.io/example-org/exporter
          interval: 10m
        ---
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImagePolicy
        metadata:
          name: exporter
        spec:
          imageRepositoryRef:
            name: exporter
          policy:
            semver:
              range: 0.x
        ---
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImageUpdateAutomation
        metadata:
          name: exporter
        spec:
          interval: 30m
          sourceRef:
            kind: GitRepository
            name: flux-system
          git:
            checkout:
              ref:
                branch: main
            commit:
              author:
                name: fluxbot
                email: fluxbot@example.org
            push:
              branch: main
          update:
            strategy: Setters
            path: ./apps
        """,
}
