"""A repository to render, and how tests of renderers build it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_gitops.model import JsonObject, Rendered
from pytest_gitops.rendering import BuildRequest, Renderer, RenderError

FLEET = """
--- apps/base/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: nginx:1.0
          args: ["--domain=${domain}", "--level=${level:=info}", "--sum=$${untouched}"]
--- apps/base/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [web.yaml]
configMapGenerator:
  - name: settings
    files: [settings.ini, other=extra/other.ini]
--- apps/base/settings.ini
level = 1
--- apps/base/extra/other.ini
level = 2
--- apps/production/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../base]
patches:
  - path: replicas.yaml
--- apps/production/replicas.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
--- components/team/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
commonAnnotations:
  team: web
--- plain/a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
data:
  mode: "0644"
  number: "2e-07"
  yes: "yes"
  equals: "="
--- plain/deeper/b.yml
apiVersion: v1
kind: Service
metadata:
  name: b
spec:
  ports:
    - port: 80
--- plain/overlay/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namePrefix: c-
resources: [c.yaml]
--- plain/overlay/c.yaml
apiVersion: v1
kind: Secret
metadata:
  name: c
stringData:
  password: hush
--- plain/.sourceignore
ignored.yaml
--- plain/ignored.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: ignored
--- plain/notes.txt
not a manifest
"""


def kustomization(spec: JsonObject) -> JsonObject:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "apps", "namespace": "flux-system"},
        "spec": {"interval": "1h", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "x"}, **spec},
    }


def build(renderer: Renderer, root: Path, path: str, spec: JsonObject | None = None, **more: Any) -> Any:
    tree = renderer.open(root)
    renderer.submit(BuildRequest(tree, path, None if spec is None else kustomization(spec), **more))
    return renderer.next_done().outcome


def objects(outcome: Rendered | RenderError) -> list[JsonObject]:
    assert isinstance(outcome, Rendered), outcome
    return [resource.object for resource in outcome]


def content(root: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}
