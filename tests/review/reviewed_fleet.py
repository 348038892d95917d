"""The fleet that single changes are made to: two clusters, what they stand on, an application, data, a chart."""

from __future__ import annotations

from textwrap import dedent

Files = dict[str, str]

CLUSTERS = ("production", "staging")


def reviewed_fleet() -> Files:
    """Return the fleet as a dict of paths and contents."""
    files = {name: dedent(text).lstrip("\n") for name, text in _SHARED.items()}
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
          url: https://github.com/example-org/fleet-infra
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
    "clusters/CLUSTER/infrastructure.yaml": """
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata:
          name: infrastructure
          namespace: flux-system
        spec:
          interval: 1h
          path: ./infrastructure
          prune: true
          wait: true
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
            - name: infrastructure
          interval: 10m
          path: ./apps/CLUSTER
          prune: true
          sourceRef:
            kind: GitRepository
            name: flux-system
        """,
    "clusters/CLUSTER/data.yaml": """
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata:
          name: data
          namespace: flux-system
        spec:
          dependsOn:
            - name: infrastructure
          interval: 10m
          path: ./data
          prune: true
          sourceRef:
            kind: GitRepository
            name: flux-system
        """,
    "apps/CLUSTER/kustomization.yaml": """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - ../base
        """,
}

_SHARED: Files = {
    # Only production serves a tenant, and keeps a part suspended.
    "clusters/production/tenant.yaml": """
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata:
          name: tenant
          namespace: flux-system
        spec:
          interval: 10m
          path: ./tenant
          prune: true
          serviceAccountName: tenant
          targetNamespace: tenant
          sourceRef:
            kind: GitRepository
            name: flux-system
          postBuild:
            substituteFrom:
              - kind: ConfigMap
                name: tenant-values
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: tenant-values
          namespace: flux-system
        data:
          COLOR: blue
        """,
    "clusters/production/frozen.yaml": """
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata:
          name: frozen
          namespace: flux-system
        spec:
          interval: 10m
          path: ./frozen
          prune: false
          suspend: true
          sourceRef:
            kind: GitRepository
            name: flux-system
        """,
    "tenant/settings.yaml": """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          color: ${COLOR}
        """,
    "frozen/settings.yaml": """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: frozen
          namespace: apps
        data:
          color: blue
        """,
    "infrastructure/kustomization.yaml": """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - namespaces.yaml
          - widgets.yaml
          - storage.yaml
          - roles.yaml
        """,
    "infrastructure/namespaces.yaml": """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: apps
          labels:
            pod-security.kubernetes.io/enforce: baseline
        ---
        apiVersion: v1
        kind: Namespace
        metadata:
          name: data
        ---
        apiVersion: v1
        kind: Namespace
        metadata:
          name: tenant
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: tenant
          namespace: flux-system
        """,
    "infrastructure/widgets.yaml": """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: widgets.example.com
        spec:
          group: example.com
          names:
            kind: Widget
            plural: widgets
          scope: Namespaced
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
                        class:
                          type: string
                          x-kubernetes-validations:
                            - rule: self == oldSelf
                              message: class is immutable
                        size:
                          type: integer
        """,
    "infrastructure/storage.yaml": """
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata:
          name: fast
        provisioner: csi.example.com
        allowVolumeExpansion: true
        ---
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata:
          name: kept
        provisioner: csi.example.com
        reclaimPolicy: Retain
        """,
    "infrastructure/roles.yaml": """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: reader
        rules:
          - apiGroups: [""]
            resources: [pods, services]
            verbs: [get, list]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: readers
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: reader
        subjects:
          - kind: ServiceAccount
            name: tenant
            namespace: flux-system
        """,
    "apps/base/kustomization.yaml": """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - web.yaml
          - protection.yaml
          - jobs.yaml
          - settings.yaml
          - widget.yaml
        configMapGenerator:
          - name: features
            namespace: apps
            literals:
              - banner=off
        """,
    "apps/base/web.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          namespace: apps
        spec:
          replicas: 2
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: web
            spec:
              securityContext:
                runAsNonRoot: true
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  envFrom:
                    - configMapRef:
                        name: features
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          namespace: apps
        spec:
          selector:
            app: web
          ports:
            - name: http
              port: 80
        """,
    "apps/base/protection.yaml": """
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web
          namespace: apps
        spec:
          minAvailable: 1
          selector:
            matchLabels:
              app: web
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: deny
          namespace: apps
        spec:
          podSelector: {}
          policyTypes: [Ingress]
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: web
          namespace: apps
        spec:
          maxReplicas: 5
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: web
        """,
    "apps/base/jobs.yaml": """
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: migrate
          namespace: apps
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: registry.example.com/migrate:1.0.0
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata:
          name: backup
          namespace: apps
        spec:
          schedule: "@daily"
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers:
                    - name: backup
                      image: registry.example.com/backup:2.0.0
        """,
    "apps/base/settings.yaml": """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
          namespace: apps
        immutable: true
        data:
          color: blue
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: kept
          namespace: apps
          annotations:
            kustomize.toolkit.fluxcd.io/prune: disabled
        data:
          color: blue
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: once
          namespace: apps
          annotations:
            kustomize.toolkit.fluxcd.io/ssa: IfNotPresent
        data:
          color: blue
        ---
        apiVersion: v1
        kind: Secret
        metadata:
          name: web
          namespace: apps
        stringData:
          password: hunter2hunter2
        """,
    "apps/base/widget.yaml": """
        apiVersion: example.com/v1
        kind: Widget
        metadata:
          name: one
          namespace: apps
        spec:
          class: small
          size: 1
        """,
    "data/kustomization.yaml": """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - database.yaml
          - claims.yaml
          - cache.yaml
        """,
    "data/database.yaml": """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata:
          name: database
          namespace: data
        spec:
          replicas: 3
          serviceName: database
          persistentVolumeClaimRetentionPolicy:
            whenScaled: Delete
          selector:
            matchLabels:
              app: database
          template:
            metadata:
              labels:
                app: database
            spec:
              containers:
                - name: database
                  image: registry.example.com/database:16.2
          volumeClaimTemplates:
            - metadata:
                name: data
              spec:
                accessModes: [ReadWriteOnce]
                resources:
                  requests:
                    storage: 10Gi
        """,
    "data/claims.yaml": """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: uploads
          namespace: data
        spec:
          accessModes: [ReadWriteOnce]
          storageClassName: fast
          resources:
            requests:
              storage: 10Gi
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: archive
          namespace: data
        spec:
          accessModes: [ReadWriteOnce]
          storageClassName: kept
          resources:
            requests:
              storage: 10Gi
        """,
    "data/cache.yaml": """
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata:
          name: cache
          namespace: data
        spec:
          interval: 1h
          chart:
            spec:
              chart: ./charts/cache
              sourceRef:
                kind: GitRepository
                name: flux-system
                namespace: flux-system
          values:
            size: 1
        """,
    "charts/cache/Chart.yaml": """
        apiVersion: v2
        name: cache
        version: 1.2.3
        """,
    "charts/cache/crds/caches.yaml": """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: caches.cache.example.com
        spec:
          group: cache.example.com
          names:
            kind: Cache
            plural: caches
          scope: Namespaced
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties:
                    size:
                      type: integer
        """,
    "charts/cache/values.yaml": """
        size: 1
        """,
    "charts/cache/templates/cache.yaml": """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: {{ .Release.Name }}
        data:
          size: {{ .Values.size | quote }}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: {{ .Release.Name }}
        spec:
          accessModes: [ReadWriteOnce]
          resources:
            requests:
              storage: 1Gi
        """,
}
