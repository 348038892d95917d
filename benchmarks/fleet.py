"""Writes a GitOps repository of any size: N clusters, each with M Kustomizations over overlays they share."""

from __future__ import annotations

from pathlib import Path

_SYNC = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m0s
  ref:
    branch: main
  url: https://github.com/example-org/fleet
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 10m0s
  path: ./clusters/{cluster}
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
"""

_VARIABLES = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: cluster-vars
  namespace: flux-system
data:
  cluster: {cluster}
  domain: {cluster}.example.com
  replicas: "{replicas}"
"""

_KUSTOMIZATION = """\
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: {app}
  namespace: flux-system
spec:
  interval: 10m
  retryInterval: 1m
  timeout: 5m
  path: ./apps/{app}/overlays/{environment}
  prune: true
  wait: true
  sourceRef:
    kind: GitRepository
    name: flux-system
  postBuild:
    substituteFrom:
      - kind: ConfigMap
        name: cluster-vars
"""

_BASE = {
    "kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {app}
resources:
  - namespace.yaml
  - deployment.yaml
  - service.yaml
  - ingress.yaml
configMapGenerator:
  - name: settings
    literals:
      - CLUSTER=${{cluster}}
""",
    "namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {app}\n",
    "deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {app}
spec:
  replicas: ${{replicas}}
  selector:
    matchLabels:
      app: {app}
  template:
    metadata:
      labels:
        app: {app}
    spec:
      containers:
        - name: {app}
          image: registry.example.com/{app}:1.0.0
          envFrom:
            - configMapRef:
                name: settings
          ports:
            - name: http
              containerPort: 8080
          resources:
            requests:
              cpu: 10m
              memory: 32Mi
            limits:
              memory: 64Mi
""",
    "service.yaml": """\
apiVersion: v1
kind: Service
metadata:
  name: {app}
spec:
  selector:
    app: {app}
  ports:
    - name: http
      port: 80
      targetPort: http
""",
    "ingress.yaml": """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {app}
spec:
  rules:
    - host: {app}.${{domain}}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {app}
                port:
                  name: http
""",
}

_OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../base
patches:
  - target:
      kind: Deployment
      name: {app}
    patch: |
      - op: replace
        path: /spec/template/spec/containers/0/resources/limits/memory
        value: {memory}
"""

_ENVIRONMENTS = {"staging": "64Mi", "production": "256Mi"}


def write_fleet(root: Path, clusters: int, kustomizations: int) -> None:
    """Write the repository below ``root``: every tenth cluster is staging, the others are production."""
    for number in range(kustomizations):
        _write_app(root / "apps", f"app-{number:03}")
    for number in range(clusters):
        environment = "production" if number % 10 else "staging"
        _write_cluster(root / "clusters", f"{environment}-{number:03}", environment, kustomizations)


def _write_app(directory: Path, app: str) -> None:
    for name, text in _BASE.items():
        _write(directory / app / "base" / name, text.format(app=app))
    for environment, memory in _ENVIRONMENTS.items():
        overlay = directory / app / "overlays" / environment / "kustomization.yaml"
        _write(overlay, _OVERLAY.format(app=app, memory=memory))


def _write_cluster(directory: Path, cluster: str, environment: str, kustomizations: int) -> None:
    _write(directory / cluster / "flux-system" / "gotk-sync.yaml", _SYNC.format(cluster=cluster))
    _write(directory / cluster / "cluster-vars.yaml", _VARIABLES.format(cluster=cluster, replicas=2))
    apps = (_KUSTOMIZATION.format(app=f"app-{n:03}", environment=environment) for n in range(kustomizations))
    _write(directory / cluster / "apps.yaml", "".join(apps))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
